import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs';
import { silentLogger } from '../../base/mod.ts';
import { openPty } from '../../sys/mod.ts';
import type { LogSource } from '../logs.ts';
import { openLogs } from '../open-logs.ts';
import { ALL, collect, FakeContainer, lines, take } from '../testing/container.ts';

const logs = openLogs({ log: silentLogger });
afterAll(() => logs.close());
// A busy machine is no failure.
setDefaultTimeout(60_000);
const openSlave = (path: string) => openSync(path, constants.O_RDWR | constants.O_NOCTTY);

function terminal(container: FakeContainer): { source: LogSource; slavePath: string } {
  const { master, slavePath } = openPty();
  const { stdio: _, ...source } = { ...container.source, tty: true, ptyMaster: master };
  return { source, slavePath };
}

test('a terminal is read, its prompts are handed over, and its slave may be closed and opened again', async () => {
  using container = new FakeContainer();
  const { source, slavePath } = terminal(container);
  const client = logs.subscribe(container.id)[Symbol.asyncIterator]();
  await logs.register(source);
  const slave = openSlave(slavePath);
  writeSync(slave, 'hello\n$ ');
  expect(await take(client, 9)).toBe('hello\r\n$ ');
  closeSync(slave);
  const again = openSlave(slavePath);
  writeSync(again, 'ls\nlast');
  expect(await take(client, 8)).toBe('ls\r\nlast');
  closeSync(again);
  await logs.drain(container.id);
  expect(await take(client)).toBe('');
  expect(lines(await collect(logs.read(container.target, ALL)))).toEqual(['hello\r\n', '$ ls\r\n', 'last']);
  expect(readdirSync('/dev/pts')).not.toContain(slavePath.slice(9));
});

test('a terminal that floods keeps its lines, and a slow client holds it up', async () => {
  using container = new FakeContainer();
  const { source, slavePath } = terminal(container);
  const client = logs.subscribe(container.id)[Symbol.asyncIterator]();
  await logs.register(source);
  const writer = Bun.spawn(['sh', '-c', `seq 1 400000 > ${slavePath}`]);
  await Bun.sleep(200);
  expect(writer.exitCode).toBeNull();
  const text = await take(client, 3_088_895);
  expect(await writer.exited).toBe(0);
  await logs.drain(container.id);
  expect(text + (await take(client))).toHaveLength(3_088_895);
  const all = lines(await collect(logs.read(container.target, ALL)));
  expect(all).toHaveLength(400_000);
  expect(all.every((line, index) => line === `${index + 1}\r\n`)).toBe(true);
});

test('the unfinished line of a terminal is written when the pump closes', async () => {
  using container = new FakeContainer();
  const { source, slavePath } = terminal(container);
  const own = openLogs({ log: silentLogger });
  const client = own.subscribe(container.id)[Symbol.asyncIterator]();
  await own.register(source);
  const slave = openSlave(slavePath);
  writeSync(slave, 'half');
  expect(await take(client, 4)).toBe('half');
  await own.close();
  closeSync(slave);
  expect(lines(await collect(logs.read(container.target, ALL)))).toEqual(['half']);
});
