import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { truncateSync, writeFileSync } from 'node:fs';
import { EngineError, silentLogger } from '../../base/mod.ts';
import { parseTime } from '../json-file/time.ts';
import type { LogRecord } from '../logs.ts';
import { openLogs } from '../open-logs.ts';
import { ALL, collect, FakeContainer, lines } from '../testing/container.ts';

const logs = openLogs({ log: silentLogger });
afterAll(() => logs.close());
// A busy machine is no failure.
setDefaultTimeout(60_000);

const record = (log: string, second: number, stream = 'stdout') =>
  `${JSON.stringify({ log, stream, time: `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z` })}\n`;
const at = (second: number) => parseTime(`2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z`) ?? 0n;

/** A stopped container whose log has lines 0 to 9 in each of three files, one second apart. */
function rotated(): FakeContainer {
  const container = new FakeContainer();
  const file = (from: number) =>
    Array.from({ length: 10 }, (_, i) => record(`${from + i}\n`, from + i, i % 2 ? 'stderr' : 'stdout')).join(
      '',
    );
  writeFileSync(`${container.target.path}.2`, file(0));
  writeFileSync(`${container.target.path}.1`, file(10));
  writeFileSync(container.target.path, file(20));
  return container;
}

const numbers = (records: LogRecord[]) => lines(records).map(Number);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('read', () => {
  test('reads all files, oldest first', async () => {
    using container = rotated();
    expect(numbers(await collect(logs.read(container.target, ALL)))).toEqual(range(0, 30));
    expect(numbers(await collect(logs.read(container.target, { ...ALL, follow: true })))).toEqual(
      range(0, 30),
    );
    expect(container.descriptors).toBe(0);
  });

  test.each([0, 1, 9, 10, 11, 25, 30, 31, 1000])('gives the last %d lines', async (tail) => {
    using container = rotated();
    expect(numbers(await collect(logs.read(container.target, { ...ALL, tail })))).toEqual(
      range(Math.max(0, 30 - tail), 30),
    );
  });

  test('since and until are inclusive, streams can be chosen', async () => {
    using container = rotated();
    const query = { ...ALL, since: at(5), until: at(22) };
    expect(numbers(await collect(logs.read(container.target, query)))).toEqual(range(5, 23));
    const errors = await collect(logs.read(container.target, { ...query, stdout: false }));
    expect(numbers(errors)).toEqual(range(5, 23).filter((n) => n % 2 === 1));
  });

  test('no file is no record', async () => {
    using container = new FakeContainer();
    expect(await collect(logs.read(container.target, { ...ALL, tail: 5 }))).toEqual([]);
  });

  test('damage is stepped over and whole records behind it are found', async () => {
    using container = new FakeContainer();
    const parts = [
      record('a\n', 1),
      '{"log":"half',
      '\n',
      '\0'.repeat(5000),
      record('b\n', 2),
      'x'.repeat(3_000_000),
    ];
    writeFileSync(
      container.target.path,
      `${parts.join('')}\n${record('c\n', 3)}[]\n{"log":1}\n${record('d\n', 4)}`,
    );
    expect(lines(await collect(logs.read(container.target, ALL)))).toEqual(['a\n', 'b\n', 'c\n', 'd\n']);
  });

  test('attributes and escapes come back', async () => {
    using container = new FakeContainer();
    const text =
      '{"log":"\\u003c\\t\\u0000\\ufffd\\n","stream":"stderr","attrs":{"tag":"t"},"time":"2026-01-01T00:00:00Z"}\n';
    writeFileSync(container.target.path, `${text}{"stream":"stdout","time":"2026-01-01T00:00:00Z"}`);
    const [first, second] = await collect(logs.read(container.target, ALL));
    expect(first).toMatchObject({ stream: 'stderr', attrs: { tag: 't' }, time: '2026-01-01T00:00:00Z' });
    expect(Buffer.from(first?.line ?? []).toString()).toBe('<\t\0\ufffd\n');
    expect(second?.line).toHaveLength(0);
  });

  test('follow hears of new records across rotations and ends with the container', async () => {
    using container = new FakeContainer({
      Type: 'json-file',
      Config: { 'max-size': '3k', 'max-file': '500' },
    });
    await logs.register(container.source);
    const followers = [1, 2, 3].map(() => collect(logs.read(container.target, { ...ALL, follow: true })));
    for (let i = 0; i < 2000; i++) {
      container.say('stdout', `${i}\n`);
      if (i % 100 === 0) await Bun.sleep(1);
    }
    await logs.drain(container.id);
    for (const follower of followers) expect(numbers(await follower)).toEqual(range(0, 2000));
    expect(container.descriptors).toBe(0);
  });

  test('follow ends on abort and at until', async () => {
    using container = new FakeContainer();
    await logs.register(container.source);
    container.say('stdout', 'x\n');
    const abort = new AbortController();
    const follower = logs
      .read(container.target, { ...ALL, follow: true, signal: abort.signal })
      [Symbol.asyncIterator]();
    expect((await follower.next()).done).toBe(false);
    const until = BigInt(Date.now() + 30) * 1_000_000n;
    expect(lines(await collect(logs.read(container.target, { ...ALL, follow: true, until })))).toEqual([
      'x\n',
    ]);
    const last = follower.next();
    abort.abort();
    expect((await last).done).toBe(true);
    await logs.unregister(container.id);
  });

  test('follow goes on after somebody cut the log', async () => {
    using container = new FakeContainer();
    await logs.register(container.source);
    container.say('stdout', 'before\n');
    const records = logs.read(container.target, { ...ALL, follow: true })[Symbol.asyncIterator]();
    expect(lines([(await records.next()).value as LogRecord])).toEqual(['before\n']);
    const next = records.next();
    await Bun.sleep(5);
    truncateSync(container.target.path, 0);
    container.say('stdout', 'after\n');
    expect(lines([(await next).value as LogRecord])).toEqual(['after\n']);
    await logs.drain(container.id);
    expect((await records.next()).done).toBe(true);
  });

  test('a driver that cannot be read says so', () => {
    using container = new FakeContainer({ Type: 'none', Config: {} });
    expect(() => logs.read(container.target, ALL)).toThrow(EngineError);
  });
});

test('validate speaks like Docker', () => {
  const check = (Type: string, Config: Record<string, string>) => () => logs.validate({ Type, Config });
  expect(check('x', {})).toThrow("logger: no log driver named 'x' is registered");
  expect(check('json-file', { y: '1' })).toThrow("unknown log opt 'y' for json-file log driver");
  expect(check('json-file', { 'max-size': '0' })).toThrow('max-size must be a positive number');
  expect(check('json-file', { 'max-file': '0' })).toThrow('max-file cannot be less than 1');
  expect(check('json-file', { mode: 'x' })).toThrow('logger: logging mode not supported: x');
  expect(check('none', { anything: '' })).not.toThrow();
  expect(
    check('json-file', { 'max-size': '10m', 'max-file': '3', compress: 'true', labels: 'a', tag: '{{.ID}}' }),
  ).not.toThrow();
});
