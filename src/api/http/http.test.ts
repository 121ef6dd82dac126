import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { EngineError } from '../../base/mod.ts';
import { parseJson } from './body.ts';
import { CoalescingWriter } from './coalesce.ts';
import { parseFilters } from './filters.ts';
import { markSilentHijack } from './front.ts';
import { decode, int, integer, list, map, nullable, string, struct } from './go-json.ts';
import { syntaxSentence } from './go-json-syntax.ts';
import { parseHost } from './listener.ts';
import { ProgressStream } from './progress.ts';
import { Query } from './query.ts';
import { parseTarget } from './target.ts';
import { parseTimestamp } from './timestamp.ts';

test('syntaxSentence names what Go names', () => {
  const cases: [string, string][] = [
    ['', 'unexpected EOF'],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['nulx', "invalid character 'x' in literal null (expecting 'l')"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['[1,', 'unexpected EOF'],
    ['-x', "invalid character 'x' in numeric literal"],
  ];
  for (const [text, sentence] of cases) expect(syntaxSentence(text)).toBe(sentence);
});

test('any text parses or is refused with a sentence, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((text) => text.slice(0, -1)),
        fc.json(),
      ),
      (text) => {
        try {
          parseJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
          expect((error as EngineError).code).toBe('invalid');
        }
      },
    ),
  );
});

describe('decode', () => {
  const codec = struct<{
    Name: string;
    Count: number;
    Tags: string[] | null;
    Map: Record<string, string> | null;
  }>('T', {
    Name: string,
    Count: int,
    Tags: nullable(list(string)),
    Map: nullable(map(string)),
  });

  test('gives every field for any document, or Go’s sentence', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        try {
          expect(Object.keys(decode(codec, document))).toEqual(['Name', 'Count', 'Tags', 'Map']);
        } catch (error) {
          expect((error as EngineError).message).toStartWith('invalid JSON: json: cannot unmarshal ');
        }
      }),
    );
  });

  test('matches keys without case, ignores unknown ones, keeps __proto__ a key', () => {
    const document = JSON.parse('{"NAME":"n","x":1,"Map":{"__proto__":"p"}}');
    const value = decode(codec, document);
    expect(value.Name).toBe('n');
    expect(Object.keys(value.Map ?? {})).toEqual(['__proto__']);
    expect(() => decode(codec, { Tags: [1] })).toThrow(
      'json: cannot unmarshal number into Go struct field T.Tags of type string',
    );
    expect(() => decode(codec, { Count: 1.5 })).toThrow(
      'cannot unmarshal number 1.5 into Go struct field T.Count of type int64',
    );
    expect(() => decode(codec, [])).toThrow('cannot unmarshal array into Go value of type T');
  });
});

test('filters are read in both spellings', () => {
  const both = [parseFilters('{"label":{"a":true}}'), parseFilters('{"label":["a"]}')];
  for (const filters of both)
    expect([...filters].map(([key, values]) => [key, [...values]])).toEqual([['label', ['a']]]);
  for (const bad of ['x', '[]', '{"a":1}', '{"a":[1]}', '{"a":{"b":"c"}}']) {
    expect(() => parseFilters(bad)).toThrow('invalid filter');
  }
});

test('queries are read as Docker reads forms', () => {
  const query = new Query('a=1&b=0&c=False&d=&e=anything&n=-5&big=4294967296');
  expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => query.bool(key))).toEqual([
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
  expect(query.bool('f', true)).toBe(true);
  expect([query.int('n'), query.int('d'), query.int('f')]).toEqual([-5, undefined, undefined]);
  expect(() => query.uint32('big', 'invalid resize width')).toThrow(
    'invalid resize width "4294967296": value out of range',
  );
});

test('timestamps keep all nanoseconds', () => {
  expect(parseTimestamp('1136073600.000000001')).toBe(1136073600000000001n);
  expect(parseTimestamp('1136073600.5')).toBe(1136073600500000000n);
  expect(parseTimestamp('')).toBeUndefined();
  expect(() => parseTimestamp('yesterday')).toThrow('invalid syntax');
});

test('targets are split into version, path and query', () => {
  expect(parseTarget('/v1.41/images/localhost:5000%2Fa/json?x=1')).toEqual({
    version: '1.41',
    path: '/images/localhost:5000/a/json',
    search: 'x=1',
  });
  expect(parseTarget('http://docker/info')).toMatchObject({ version: undefined, path: '/info' });
  // Compat: Go's server answers such a line itself, in plain text; bytes that are no UTF-8 are its handlers' matter.
  for (const bad of ['/containers/%zz/json', '/a%', '/a%2', 'a%20b'])
    expect(parseTarget(bad)).toBeUndefined();
  expect(parseTarget('/containers/%ff%41/json')?.path).toBe('/containers/\ufffdA/json');
  expect(parseTarget('/containers//json')).toMatchObject({ redirect: '/containers/json' });
  expect(parseTarget('/../../etc/passwd')).toMatchObject({ redirect: '/etc/passwd' });
  expect(parseTarget('/%zz')).toBeUndefined();
});

test('hosts are read as dockerd reads -H', () => {
  expect(parseHost('unix:///run/x.sock')).toEqual([{ kind: 'unix', path: '/run/x.sock' }]);
  expect(parseHost('tcp://127.0.0.1:2376')).toEqual([{ kind: 'tcp', host: '127.0.0.1', port: 2376 }]);
  expect(parseHost('tcp://[::1]:80')).toEqual([{ kind: 'tcp', host: '::1', port: 80 }]);
  expect(parseHost('tcp://:2375')).toEqual([{ kind: 'tcp', host: undefined, port: 2375 }]);
  expect(parseHost('fd://', { LISTEN_FDS: '2' })).toEqual([
    { kind: 'fd', fd: 3 },
    { kind: 'fd', fd: 4 },
  ]);
  for (const bad of ['npipe://x', 'unix://', '/run/x', 'tcp://a:99999'])
    expect(() => parseHost(bad, {})).toThrow();
});

test('only silent hijacks are marked', () => {
  const mark = (text: string) => {
    const bytes = Buffer.from(text);
    return markSilentHijack(bytes, bytes.indexOf('\r\n\r\n')).toString();
  };
  const attach = 'POST /v1.41/containers/a/attach?stdin=1 HTTP/1.1\r\nHost: x\r\n\r\nin';
  expect(mark(attach)).toContain(
    'HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: minke-hijack\r\nHost: x\r\n\r\nin',
  );
  expect(mark('POST /exec/a/start HTTP/1.1\r\nHost: x\r\n\r\n{}')).toContain('minke-hijack');
  for (const same of [
    attach.replace('Host: x', 'upgrade: tcp'),
    attach.replace('Host: x', 'Transfer-Encoding: chunked'),
    attach.replace('/attach', '/start'),
    'GET /_ping HTTP/1.1\r\n\r\n',
  ]) {
    expect(mark(same)).toBe(same);
  }
});

test('CoalescingWriter joins what comes in one turn and passes on the failure of a write', async () => {
  const writes: string[] = [];
  const writer = new CoalescingWriter(async (data) => void writes.push(Buffer.from(data).toString()));
  for (const text of ['a', 'b', 'c']) await writer.append(Buffer.from(text));
  await writer.flush();
  await writer.append(Buffer.from('d'));
  await writer.flush();
  expect(writes).toEqual(['abc', 'd']);
  const failing = new CoalescingWriter(() => Promise.reject(new Error('gone')));
  await failing.append(Buffer.from('a'));
  await expect(failing.flush()).rejects.toThrow('gone');
  await expect(failing.append(Buffer.from('a'))).rejects.toThrow('gone');
});

test('ProgressStream keeps only the newest figure of a layer while the client has no room', async () => {
  const room = Promise.withResolvers<void>();
  const written: string[] = [];
  const progress = new ProgressStream({
    begin: () => {},
    begun: true,
    write: async (data) => {
      written.push(String(data));
      await room.promise;
    },
  });
  progress.push({ status: 'begin' });
  await new Promise((resolve) => setTimeout(resolve, 1));
  for (let current = 0; current < 1000; current++) {
    progress.push({ id: 'a', status: 'Downloading', progressDetail: { current, total: 1000 } });
  }
  progress.push({ id: 'a', status: 'Pull complete', progressDetail: {} });
  room.resolve();
  await progress.end();
  expect(written.join('').split('\r\n').filter(Boolean)).toEqual([
    '{"status":"begin"}',
    '{"id":"a","status":"Downloading","progressDetail":{"current":999,"total":1000}}',
    '{"id":"a","status":"Pull complete","progressDetail":{}}',
  ]);
});

describe('a body that means harm', () => {
  const parse = (text: string) => decode(codec, parseJson(text));
  const codec = struct<{ N: number; U: number; Port: number; S: string }>('T', {
    N: int,
    U: integer('uint64', 0),
    Port: integer('uint16', 0),
    S: string,
  });

  test('nested deeper than Go reads is refused in its words, before it is parsed', () => {
    const sentence = (c: string) => `invalid JSON: invalid character '${c}' exceeded max depth`;
    expect(() => parseJson('['.repeat(5_000_000))).toThrow(sentence('['));
    expect(() => parseJson('{"a":'.repeat(1_000_000))).toThrow(sentence('{'));
    expect(() => parseJson(`${'['.repeat(10_001)}${']'.repeat(10_001)}`)).toThrow(sentence('['));
    expect(parseJson(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)).toBeArray();
    expect(parseJson(JSON.stringify({ a: `\\"${'['.repeat(20_000)}` }))).toBeObject();
    const many = (count: number) => `[${'1,'.repeat(count - 1)}1]`;
    expect(() => parseJson(many(100_000))).toThrow('invalid JSON: more than 100000 values');
    expect(() => parseJson(`[${'[[]],'.repeat(45_000)}1]`)).toThrow('more than 100000 values');
    expect(parseJson(many(99_999))).toBeArray();
    // What is wrong first is named first.
    expect(() => parseJson(`[x${'['.repeat(20_000)}`)).toThrow("invalid character 'x' looking for");
  });

  test('integers are what Go takes for integers', () => {
    const refused = (number: string, field: string, go: string) =>
      expect(() => parse(`{"${field}":${number}}`)).toThrow(
        `invalid JSON: json: cannot unmarshal number ${number} into Go struct field T.${field} of type ${go}`,
      );
    for (const number of ['9223372036854775808', '-9223372036854775809', '1e10', '1E2', '1.0', '1.5'])
      refused(number, 'N', 'int64');
    refused('18446744073709551616', 'U', 'uint64');
    refused('-1', 'U', 'uint64');
    refused('65536', 'Port', 'uint16');
    refused('9'.repeat(1000), 'N', 'int64');
    expect(() => parse('{"S":1e10}')).toThrow(
      'cannot unmarshal number into Go struct field T.S of type string',
    );
    expect(() => parse('1e10')).toThrow('cannot unmarshal number into Go value of type T');
    expect(parse('{"N":-0,"S":"1e10 9223372036854775808","x":1e10}').N + 0).toBe(0);
    expect(parse('{"N":9007199254740993}').N).toBe(9007199254740992);
  });

  test('any 64-bit integer is answered as one that Go reads, near to what was asked', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (asked) => {
        const shown = BigInt(JSON.stringify(parse(`{"N":${asked}}`).N));
        expect(shown >= -(2n ** 63n) && shown < 2n ** 63n).toBe(true);
        expect(shown - asked < 4096n && asked - shown < 4096n).toBe(true);
      }),
      { examples: [[2n ** 63n - 1n], [-(2n ** 63n)], [2n ** 53n + 1n]] },
    );
    expect(JSON.stringify(parse('{"U":18446744073709551615}').U)).toBe('18446744073709550000');
  });
});

test('durations and file modes are whole numbers too', () => {
  const codec = struct('T', { D: integer('time.Duration'), M: integer('os.FileMode') });
  expect(decode(codec, { D: 100_000_000, M: 0o1777 })).toEqual({ D: 100_000_000, M: 0o1777 });
});
