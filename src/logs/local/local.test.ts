import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { FORMATS } from '../files/record-format.ts';
import { LINE_LIMIT } from '../json-file/encoder.ts';
import { Stamp } from '../json-file/stamp.ts';
import type { LogRecord } from '../logs.ts';
import { decodeMessage, nextRecord, recordLength } from './decode.ts';
import { LocalEncoder, localTail } from './encoder.ts';

const CLOCK = { seconds: 1_795_528_833, nanos: 999_999_998 };
const INPUT = 64 * 1024;

function encode(text: Uint8Array, options: { final?: boolean; attrs?: Record<string, string> } = {}): Buffer {
  const input = new Uint8Array(INPUT);
  const encoder = new LocalEncoder(new Stamp(() => CLOCK), input);
  const tail = localTail('stdout', options.attrs);
  const out: Uint8Array[] = [];
  input.set(text);
  for (let at = 0; at < text.length; ) {
    const end = encoder.encode(at, text.length, tail, options.final ?? true, 500);
    if (end === at) break;
    out.push(encoder.records.slice());
    at = end;
  }
  return Buffer.concat(out);
}

function decode(bytes: Buffer): LogRecord[] {
  const records: LogRecord[] = [];
  FORMATS.local.splitter().take(bytes, 0, bytes.length, records);
  return records;
}

const text = (record: LogRecord) => Buffer.from(record.line).toString('latin1');

describe('local', () => {
  test('writes what Docker 20.10 wrote for the same line', () => {
    // Recorded: `docker run --log-driver local busybox echo hello`, its time put to that of the test.
    const docker = '000000190a067374646f757410bffbb6c7f4a0d2f5181a0568656c6c6f00000019';
    const ours = encode(Buffer.from('hello\n')).toString('hex');
    const time = /10(..){9}1a/;
    expect(ours.replace(time, 'T')).toBe(docker.replace(time, 'T'));
    expect(decode(Buffer.from(docker, 'hex')).map(text)).toEqual(['hello\n']);
  });

  test('any text comes back, however it is cut into batches', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const lines = Buffer.from(bytes).toString('latin1');
        expect(decode(encode(bytes)).map(text).join('')).toBe(lines);
      }),
    );
  });

  test('a long line is parts of one id, numbered, and only the last ends in a newline', () => {
    const records = decode(encode(Buffer.from(`${'x'.repeat(2 * LINE_LIMIT + 5)}\ny\n`)));
    expect(records.map((record) => record.line.length)).toEqual([LINE_LIMIT, LINE_LIMIT, 6, 2]);
    const ids = new Set(records.slice(0, 3).map(({ partial }) => partial?.id));
    expect(ids.size).toBe(1);
    expect(records.map(({ partial }) => partial?.ordinal)).toEqual([1, 2, 3, undefined]);
    expect(records.map(({ partial }) => partial?.last)).toEqual([false, false, true, undefined]);
  });

  test('times rise by a nanosecond over the turn of a second, attributes come back', () => {
    const records = decode(encode(Buffer.from('a\nb\nc\n'), { attrs: { z: '1', a: 'ü' } }));
    expect(records.map(({ time }) => time.slice(-14))).toEqual(
      ['13.999999998Z', '13.999999999Z', '14Z'].map(
        (time) => expect.stringContaining(time.slice(2)) as unknown as string,
      ),
    );
    expect(records[0]?.attrs).toEqual({ a: 'ü', z: '1' });
  });

  test('leaves an unfinished line alone unless it is final', () => {
    expect(decode(encode(Buffer.from('a\nhalf'), { final: false })).map(text)).toEqual(['a\n']);
    expect(decode(encode(Buffer.from('a\nhalf'))).map(text)).toEqual(['a\n', 'half']);
  });

  test('damage of any kind hides no whole record behind it, and nothing is made up', () => {
    const before = encode(Buffer.from('before\n'));
    const after = encode(Buffer.from('after 1\nafter 2\n'));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (junk) => {
        const found = decode(Buffer.concat([before, junk, after])).map(text);
        expect(found[0]).toBe('before\n');
        expect(found.slice(-2)).toEqual(['after 1\n', 'after 2\n']);
      }),
    );
    const torn = before.subarray(0, before.length - 3);
    expect(
      decode(Buffer.concat([torn, after]))
        .map(text)
        .slice(-2),
    ).toEqual(['after 1\n', 'after 2\n']);
  });

  test('bytes that are no record are never read as one, nor beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        decodeMessage(buffer, 0, buffer.length);
        const length = recordLength(buffer, 0, buffer.length);
        expect(length).toBeLessThanOrEqual(buffer.length);
        expect(nextRecord(buffer, 0, buffer.length)).toBeLessThanOrEqual(buffer.length);
      }),
    );
  });

  test('the tail is found backwards; damage is said', async () => {
    const bytes = encode(Buffer.from(Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join('')));
    const source = (of: Buffer) => ({
      read: async (into: Buffer, at: number, most: number, position: number) =>
        of.copy(into, at, position, position + most),
      close: async () => {},
    });
    for (const count of [1, 7, 40, 100]) {
      const tail = await FORMATS.local.tail(source(bytes), bytes.length, count);
      expect(tail?.found).toBe(Math.min(count, 40));
      expect(decode(bytes.subarray(tail?.offset))).toHaveLength(Math.min(count, 40));
    }
    const cut = Buffer.concat([bytes.subarray(0, 100), bytes.subarray(103)]);
    expect(await FORMATS.local.tail(source(cut), cut.length, 40)).toBeUndefined();
  });
});
