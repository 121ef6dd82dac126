import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  answersQuestion,
  buildAnswer,
  buildRefusal,
  encodeName,
  MAX_MESSAGE,
  parseQuery,
  type Query,
  RCODE,
  TYPE,
  udpLimit,
} from './message.ts';
import { queryBytes, readReply } from './testing.ts';

function parsed(bytes: Uint8Array): Query {
  const result = parseQuery(bytes);
  if (!('query' in result)) throw new Error(JSON.stringify(result));
  return result.query;
}

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,63}$/);
const dnsName = fc
  .array(label, { minLength: 1, maxLength: 8 })
  .map((labels) => labels.join('.'))
  .filter((name) => name.length < 250);

describe('parseQuery', () => {
  test('reads name, type and EDNS of what a client writes', () => {
    const property = (name: string, type: number, id: number, udpSize: number | undefined) => {
      const query = parsed(queryBytes(name, type, { id, ...(udpSize !== undefined && { udpSize }) }));
      expect(query).toMatchObject({ id, type, class: 1, name: name.toLowerCase() });
      expect(query.edns?.udpSize).toBe(udpSize);
      expect(udpLimit(query)).toBe(Math.max(512, udpSize ?? 0));
    };
    const u16 = fc.integer({ min: 0, max: 0xffff });
    fc.assert(fc.property(dnsName, u16, u16, fc.option(u16, { nil: undefined }), property));
  });

  test('reads the root, and gives no text for labels that are none', () => {
    expect(parsed(queryBytes('', TYPE.ANY)).name).toBe('');
    for (const byte of [0, 0x20, 0x2e, 0x7f, 0xff]) {
      const bytes = queryBytes('abc', TYPE.A);
      bytes[14] = byte;
      expect(parsed(bytes).name).toBeUndefined();
    }
  });

  test('never throws, whatever the bytes are, and what it answers is well formed', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      // The head of a query, and then anything.
      fc.uint8Array({ maxLength: 200 }).map((tail) => Buffer.concat([queryBytes('a.b', 1), tail])),
      fc.tuple(fc.nat(400), fc.nat(255), fc.nat(400)).map(([at, value, length]) => {
        const made = queryBytes('some.name.here', 1, { udpSize: 4096 });
        made[at % made.length] = value;
        return made.subarray(0, length);
      }),
    );
    const property = (input: Uint8Array) => {
      const result = parseQuery(input);
      if ('drop' in result) return;
      const rest = { rcode: RCODE.OK, answers: [], ttl: 1 };
      const answer = 'rcode' in result ? buildRefusal(result) : buildAnswer(result.query, rest, 512);
      expect(answer.length).toBeLessThanOrEqual(512);
      expect(readReply(answer).id).toBe(((input[0] ?? 0) << 8) | (input[1] ?? 0));
    };
    fc.assert(fc.property(bytes, property), { numRuns: 2000 });
  });

  test('refuses what is cut off at any byte, has wrong counts, or points at itself', () => {
    const whole = queryBytes('a.name', TYPE.A, { udpSize: 1232 });
    for (let length = 12; length < whole.length; length++) {
      expect([length, parseQuery(whole.subarray(0, length))]).toMatchObject([
        length,
        { rcode: RCODE.FORMAT },
      ]);
    }
    expect(parseQuery(whole.subarray(0, 11))).toEqual({ drop: true });
    const changed = (at: number, ...bytes: number[]) => {
      const copy = Buffer.from(whole);
      copy.set(bytes, at);
      return parseQuery(copy);
    };
    expect(changed(4, 0, 0)).toMatchObject({ rcode: RCODE.FORMAT });
    expect(changed(4, 0, 2)).toMatchObject({ rcode: RCODE.FORMAT });
    expect(changed(6, 0xff, 0xff)).toMatchObject({ rcode: RCODE.FORMAT });
    expect(changed(10, 0, 2)).toMatchObject({ rcode: RCODE.FORMAT });
    // The question's name is a pointer to the question's name.
    expect(changed(12, 0xc0, 12)).toMatchObject({ rcode: RCODE.FORMAT });
    expect(changed(2, 0x29, 0)).toMatchObject({ rcode: RCODE.UNKNOWN });
    expect(changed(2, 0x81, 0)).toEqual({ drop: true });
    // The OPT record's name is a pointer to itself: stepped over, and then it is no OPT of the root.
    expect(changed(24, 0xc0, 24)).toMatchObject({ rcode: RCODE.FORMAT });
    const huge = Buffer.alloc(MAX_MESSAGE, 0xc0);
    huge.set(queryBytes('a', 1));
    huge.writeUInt16BE(64, 10);
    expect(parseQuery(huge)).toMatchObject({ rcode: RCODE.FORMAT });
    expect(parseQuery(Buffer.concat([queryBytes('a', 1), Buffer.alloc(60_000)]))).toHaveProperty('query');
  });
});

describe('buildAnswer', () => {
  const addresses = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      type: TYPE.A,
      address: Uint8Array.of(10, 0, index >> 8, index & 255),
    }));

  test('has all addresses where they fit, else what fits and the sign that it is cut', () => {
    const query = parsed(queryBytes('Web.Net', TYPE.A, { udpSize: 1232 }));
    const all = readReply(buildAnswer(query, { rcode: 0, answers: addresses(70), ttl: 600 }, 1232));
    expect(all).toMatchObject({ cut: false, id: query.id });
    expect(all.answers).toHaveLength(70);
    expect(all.answers[69]).toBe('10.0.0.69');
    expect(new Set(all.ttls)).toEqual(new Set([600]));
    for (let limit = 512; limit < 540; limit++) {
      const bytes = buildAnswer(query, { rcode: 0, answers: addresses(300), ttl: 600 }, limit);
      expect(bytes.length).toBeLessThanOrEqual(limit);
      expect(readReply(bytes).cut).toBe(true);
    }
    const most = buildAnswer(query, { rcode: 0, answers: addresses(5000), ttl: 600 }, MAX_MESSAGE);
    expect(most.length).toBeLessThanOrEqual(MAX_MESSAGE);
    expect(readReply(most).answers.length).toBeGreaterThan(4000);
  });

  test('repeats the question as it was spelt, and says the name of an address', () => {
    const bytes = queryBytes('1.0.17.172.IN-addr.arpa', TYPE.PTR);
    const answer = buildAnswer(
      parsed(bytes),
      { rcode: 0, answers: [{ type: TYPE.PTR, name: 'web.net' }], ttl: 9 },
      512,
    );
    expect(Buffer.from(answer).toString('hex', 12, bytes.length)).toBe(bytes.toString('hex', 12));
    expect(readReply(answer)).toMatchObject({ answers: ['web.net'], ttls: [9] });
  });
});

test('encodeName refuses labels and names that are too long, and empty labels', () => {
  expect(encodeName('a'.repeat(64))).toBeUndefined();
  expect(encodeName('a..b')).toBeUndefined();
  expect(encodeName(Array(64).fill('abc').join('.'))).toBeUndefined();
  expect(encodeName('ab.c')).toEqual(Buffer.from('\x02ab\x01c\0'));
});

test('answersQuestion takes the answer to what was asked alone', () => {
  const asked = queryBytes('web.net', TYPE.A, { id: 77 });
  const { question } = parsed(asked);
  const answer = Buffer.from(queryBytes('WEB.net', TYPE.A, { id: 77 }));
  expect(answersQuestion(answer, 77, question)).toBe(false);
  answer[2] = 0x81;
  expect(answersQuestion(answer, 77, question)).toBe(true);
  expect(answersQuestion(answer, 78, question)).toBe(false);
  const other = Buffer.from(answer);
  other[13] = 0x78;
  expect(answersQuestion(other, 77, question)).toBe(false);
  expect(answersQuestion(answer.subarray(0, 20), 77, question)).toBe(false);
  const empty = Buffer.from(answer.subarray(0, 12));
  empty[5] = 0;
  expect(answersQuestion(empty, 77, question)).toBe(false);
  empty[3] = 5;
  expect(answersQuestion(empty, 77, question)).toBe(true);
});
