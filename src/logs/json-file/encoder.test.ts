import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { LINE_LIMIT, RecordEncoder, recordTail } from './encoder.ts';
import { Stamp } from './stamp.ts';
import { parseTime } from './time.ts';

const clock = () => ({ seconds: 1_795_000_000, nanos: 123_456_780 });
const utf8 = (text: string) => new TextEncoder().encode(text);

function encode(input: Uint8Array, final = true, size = 1 << 20): { text: string; end: number } {
  const encoder = new RecordEncoder(new Stamp(clock), size);
  encoder.input.set(input);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let end = -1; end !== at; ) {
    end = at;
    at = encoder.encode(at, input.length, recordTail('stdout'), final, Infinity);
    parts.push(encoder.records.slice());
  }
  return { text: Buffer.concat(parts).toString(), end: at };
}

const logs = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { log: string }).log);

/** What Go's decoder of UTF-8 makes of bytes: one U+FFFD for each byte that is part of no valid sequence. */
function goString(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    let taken = 0;
    for (let length = 1; length <= 4 && taken === 0; length++) {
      try {
        const piece = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
          bytes.subarray(at, at + length),
        );
        if ([...piece].length === 1) {
          text += piece;
          taken = length;
        }
      } catch {}
    }
    if (taken === 0) text += '\ufffd';
    at += taken || 1;
  }
  return text;
}

describe('json-file encoder', () => {
  test('writes what Docker writes', () => {
    const { text } = encode(utf8('hello world\n'));
    expect(text).toBe('{"log":"hello world\\n","stream":"stdout","time":"2026-11-18T11:06:40.123456781Z"}\n');
  });

  test.each([
    ['\t', '\\u0009'],
    ['\r', '\\r'],
    ['"\\', '\\"\\\\'],
    ['<a>&', '\\u003ca\\u003e\\u0026'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['\u0000\u001f\u007f', '\\u0000\\u001f\u007f'],
    ['\u001b[31mä€😀', '\\u001b[31mä€😀'],
  ])('escapes %j as Go does', (input, expected) => {
    expect(encode(utf8(`${input}\n`)).text).toStartWith(`{"log":"${expected}\\n","stream"`);
  });

  test.each([
    [[0xff], '\\ufffd'],
    [[0xc3], '\\ufffd'],
    [[0xed, 0xa0, 0x80], '\\ufffd\\ufffd\\ufffd'],
    [[0xc0, 0x80], '\\ufffd\\ufffd'],
    [[0xf4, 0x90, 0x80, 0x80], '\\ufffd\\ufffd\\ufffd\\ufffd'],
    [[0xe2, 0x80, 0x41], '\\ufffd\\ufffdA'],
  ])('replaces the invalid bytes %j one by one', (input, expected) => {
    expect(encode(new Uint8Array([...input, 10])).text).toStartWith(`{"log":"${expected}\\n","stream"`);
  });

  test('any bytes come back from JSON.parse as Go would have read them', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(10, 10, 34, 92, 0xe2, 0x80, 0xa8, 65),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 300 }), (list) => {
        const input = new Uint8Array(list);
        const lines = goString(input).split(/(?<=\n)/);
        expect(logs(encode(input).text)).toEqual(input.length === 0 ? [] : lines);
      }),
      { numRuns: 500 },
    );
  });

  test('any text survives, however small the batches', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const input = utf8(text);
        expect(logs(encode(input, true, 1024).text).join('')).toBe(goString(input));
      }),
      { numRuns: 300 },
    );
  });

  test('leaves an unfinished line alone unless it is final', () => {
    expect(encode(utf8('one\ntwo'), false).end).toBe(4);
    expect(logs(encode(utf8('one\ntwo'), true).text)).toEqual(['one\n', 'two']);
  });

  test('cuts a line after 16 KiB, and only the last part ends in a newline', () => {
    const parts = logs(encode(utf8(`${'x'.repeat(2 * LINE_LIMIT + 5)}\ny\n`)).text);
    expect(parts.map((part) => part.length)).toEqual([LINE_LIMIT, LINE_LIMIT, 6, 2]);
    expect(parts.map((part) => part.endsWith('\n'))).toEqual([false, false, true, true]);
  });

  test('stops after the record that passes the budget', () => {
    const encoder = new RecordEncoder(new Stamp(clock), 1024);
    encoder.input.set(utf8('a\nb\nc\nd\n'));
    expect(encoder.encode(0, 8, recordTail('stderr'), true, 100)).toBe(4);
    expect(encoder.encode(4, 8, recordTail('stderr'), true, -5)).toBe(6);
  });

  test('worst cases fit', () => {
    expect(logs(encode(new Uint8Array(300_000).fill(10)).text)).toHaveLength(300_000);
    expect(logs(encode(new Uint8Array(300_000).fill(1)).text).join('')).toHaveLength(300_000);
  });

  test('writes attributes where Docker does', () => {
    const encoder = new RecordEncoder(new Stamp(clock), 1024);
    encoder.input.set(utf8('a\n'));
    encoder.encode(0, 2, recordTail('stderr', { tag: 't"<' }), true, 100);
    const text = Buffer.from(encoder.records).toString();
    expect(text).toStartWith('{"log":"a\\n","stream":"stderr","attrs":{"tag":');
    expect(JSON.parse(text)).toMatchObject({ attrs: { tag: 't"<' } });
  });
});

describe('stamp', () => {
  test('times rise by a nanosecond, never end in 0, and carry over', () => {
    const stamp = new Stamp(() => ({ seconds: 1_795_000_000, nanos: 999_999_985 }));
    const bytes = new Uint8Array(30);
    const read = () => Buffer.from(bytes).toString();
    stamp.write(bytes, 0);
    let last = read();
    for (let i = 0; i < 200; i++) {
      if (i % 50 === 49) stamp.write(bytes, 0);
      else stamp.advance(bytes, 0);
      const now = read();
      expect(now).toMatch(/^2026-11-18T11:06:4[01]\.\d{8}[1-9]Z$/);
      expect((parseTime(now) ?? 0n) > (parseTime(last) ?? 0n)).toBe(true);
      last = now;
    }
    expect(last).toStartWith('2026-11-18T11:06:41.0000002');
  });

  test('follows a clock that was set back by more than a second', () => {
    let seconds = 1_795_000_000;
    const stamp = new Stamp(() => ({ seconds, nanos: 5 }));
    const bytes = new Uint8Array(30);
    stamp.write(bytes, 0);
    seconds -= 3600;
    stamp.write(bytes, 0);
    expect(Buffer.from(bytes).toString()).toBe('2026-11-18T10:06:40.000000005Z');
  });
});
