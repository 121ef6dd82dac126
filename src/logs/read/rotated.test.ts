import { afterAll, describe, expect, test } from 'bun:test';
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { silentLogger } from '../../base/mod.ts';
import type { ByteSource } from '../files/byte-source.ts';
import { FORMATS } from '../files/record-format.ts';
import { openLogs } from '../open-logs.ts';
import { ALL, collect, FakeContainer, lines } from '../testing/container.ts';
import { findTail } from './find-tail.ts';
import { openLog } from './log-file.ts';

const logs = openLogs({ log: silentLogger });
afterAll(() => logs.close());

const LINE = 'x'.repeat(200);
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${from + i} ${LINE}\n`).join('');

/** Waits for what another thread does. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await Bun.sleep(5);
}

const DRIVERS = [
  { Type: 'json-file', file: 'c-json.log', path: (c: FakeContainer) => c.target.path },
  {
    Type: 'local',
    file: 'container.log',
    path: (c: FakeContainer) => `${c.directory}/local-logs/container.log`,
  },
];

describe.each(DRIVERS)('compressed files of $Type', ({ Type, path, file }) => {
  const config = { Type, Config: { 'max-size': '20k', 'max-file': '4', compress: 'true' } };
  const files = (container: FakeContainer) =>
    readdirSync(dirname(path(container))).filter((name) => name.startsWith(file));

  test('are compressed, and read as one log with the others: all, tail, since, follow', async () => {
    using container = new FakeContainer(config);
    await logs.register(container.source);
    const followed = collect(logs.read(container.target, { ...ALL, follow: true }));
    for (let i = 0; i < 400; i += 50) {
      container.say('stdout', numbered(i, i + 50));
      await Bun.sleep(20);
    }
    await logs.drain(container.id);
    const wanted = [file, `${file}.1.gz`, `${file}.2.gz`, `${file}.3.gz`];
    await until(() => files(container).sort().join() === wanted.join());
    const found = await collect(logs.read(container.target, ALL));
    const texts = lines(found);
    const first = 400 - texts.length;
    expect(texts.join('')).toBe(numbered(first, 400));
    expect(lines(await followed).at(-1)).toBe(numbered(399, 400));
    expect(gunzipSync(readFileSync(`${path(container)}.3.gz`)).length).toBeGreaterThan(20_000);
    for (const tail of [0, 1, 30, 100, 130, 1000]) {
      const last = lines(await collect(logs.read(container.target, { ...ALL, tail })));
      expect(last.join('')).toBe(numbered(Math.max(first, 400 - tail), 400));
    }
    const since = logs.read(container.target, {
      ...ALL,
      since: BigInt(Date.parse('2099-01-01')) * 1_000_000n,
    });
    expect(await collect(since)).toEqual([]);
  });

  test('a file that a killed daemon left plain is compressed at the next start', async () => {
    using container = new FakeContainer(config);
    await logs.register(container.source);
    container.say('stdout', numbered(0, 50));
    await logs.drain(container.id);
    renameSync(path(container), `${path(container)}.1`);
    await logs.register(container.source);
    await until(() => files(container).join() === `${file}.1.gz`);
    await logs.drain(container.id);
    expect(lines(await collect(logs.read(container.target, ALL))).join('')).toBe(numbered(0, 50));
  });

  test('stay in order, each once, where rotations come faster than they are compressed', async () => {
    using container = new FakeContainer({ ...config, Config: { ...config.Config, 'max-file': '200' } });
    await logs.register(container.source);
    for (let i = 0; i < 5000; i += 50) {
      container.say('stdout', numbered(i, i + 50));
      if (i % 500 === 0) await Bun.sleep(1 + Math.random() * 4);
    }
    await logs.drain(container.id);
    await until(() => files(container).every((name) => name === file || name.endsWith('.gz')));
    expect(files(container).length).toBeGreaterThan(40);
    expect(lines(await collect(logs.read(container.target, ALL))).join('')).toBe(numbered(0, 5000));
  });

  test('that are cut off end there', async () => {
    using container = new FakeContainer(config);
    await logs.register(container.source);
    container.say('stdout', numbered(0, 150));
    await logs.drain(container.id);
    await until(() => files(container).every((name) => name === file || name.endsWith('.gz')));
    const whole = await collect(logs.read(container.target, ALL));
    truncateSync(`${path(container)}.1.gz`, 300);
    const rest = await collect(logs.read(container.target, ALL));
    expect(rest.length).toBeLessThan(whole.length);
    expect(lines(rest).at(-1)).toBe(numbered(149, 150));
  });
});

test.each(['json-file', 'local'] as const)(
  'the last lines of a %s of 5 GB cost what those of a small one do',
  async (format) => {
    using container = new FakeContainer({ Type: format, Config: { 'max-size': '100g' } });
    await logs.register(container.source);
    container.say('stdout', numbered(0, 50));
    await logs.drain(container.id);
    const path =
      format === 'local' ? `${container.directory}/local-logs/container.log` : container.target.path;
    const end = readFileSync(path);
    const small = await bytesForTail(path, format);
    // Sparse: the records stand behind five gigabytes of zeros.
    const fd = openSync(path, 'r+');
    ftruncateSync(fd, 5e9);
    writeSync(fd, end, 0, end.length, 5e9);
    closeSync(fd);
    expect(await bytesForTail(path, format)).toBeLessThanOrEqual(Math.max(small, 128 * 1024));
    expect(lines(await collect(logs.read(container.target, { ...ALL, tail: 10 }))).join('')).toBe(
      numbered(40, 50),
    );
  },
);

async function bytesForTail(path: string, format: 'json-file' | 'local'): Promise<number> {
  let bytes = 0;
  const [file] = await openLog(path);
  if (!file) throw new Error('no log');
  const counting: ByteSource = {
    read: async (...where) => {
      const count = await file.source.read(...where);
      bytes += count;
      return count;
    },
    close: () => file.source.close(),
  };
  const found = await findTail(FORMATS[format], [{ ...file, source: counting }], 10);
  bytes += file.size - found.offset;
  await counting.close();
  return bytes;
}
