import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { silentLogger } from '../base/mod.ts';
import { openPipe, splice } from '../sys/mod.ts';
import { openLogs } from './open-logs.ts';
import { ALL, collect, FakeContainer, lines, take } from './testing/container.ts';

const logs = openLogs({ log: silentLogger });
afterAll(() => logs.close());
// A busy machine is no failure.
setDefaultTimeout(60_000);

const text = (container: FakeContainer) => collect(logs.read(container.target, ALL)).then(lines);

describe('logs', () => {
  test('all output of both streams is in the log after drain, unfinished lines as they are', async () => {
    using container = new FakeContainer();
    container.say('stdout', 'before register\n');
    await logs.register(container.source);
    container.say('stderr', 'error\n');
    container.say('stdout', 'one\ntwo');
    await logs.drain(container.id);
    const records = await collect(logs.read(container.target, ALL));
    expect(lines(records.filter(({ stream }) => stream === 'stdout'))).toEqual([
      'before register\n',
      'one\n',
      'two',
    ]);
    expect(lines(records.filter(({ stream }) => stream === 'stderr'))).toEqual(['error\n']);
    expect(container.logText).toContain('{"log":"two","stream":"stdout","time":"');
    expect(statSync(container.target.path).mode & 0o777).toBe(0o640);
  });

  test('drain is refused after close, and the bytes stay where they are', async () => {
    using container = new FakeContainer();
    const room = openLogs({ log: silentLogger });
    await room.register(container.source);
    await room.close();
    container.say('stdout', 'last words\n');
    expect(room.drain(container.id)).rejects.toMatchObject({ code: 'cancelled' });
    await logs.register(container.source);
    await logs.drain(container.id);
    expect(await text(container)).toEqual(['last words\n']);
  });

  test('a pump that dies is replaced: what its containers say before, meanwhile and after is in their logs', async () => {
    using talking = new FakeContainer();
    using draining = new FakeContainer();
    const room = openLogs({ log: silentLogger });
    await room.register(talking.source);
    await room.register(draining.source);
    talking.say('stdout', 'before\nunfin');
    await waitFor(() => sizeOf(talking.target.path) > 0);
    const client = room.subscribe(talking.id)[Symbol.asyncIterator]();
    // A fault of ours in its thread: what it waits on is no epoll any more.
    breakDescriptor(epollOn(talking));
    talking.say('stdout', 'ished\n');
    draining.say('stderr', 'last words\n');
    await room.drain(draining.id);
    talking.say('stdout', 'after\n');
    expect(await take(client, 6)).not.toBe('');
    await room.drain(talking.id);
    expect(await text(talking)).toEqual(['before\n', 'unfinished\n', 'after\n']);
    expect(await text(draining)).toEqual(['last words\n']);
    await room.close();
  });

  test('a client gets prompts at once and nothing twice', async () => {
    using container = new FakeContainer();
    const client = logs.subscribe(container.id)[Symbol.asyncIterator]();
    await logs.register(container.source);
    container.say('stdout', 'name? ');
    expect(await take(client, 6)).toBe('name? ');
    container.say('stdout', 'Min');
    expect(await take(client, 3)).toBe('Min');
    container.say('stdout', 'ke\n> ');
    expect(await take(client, 5)).toBe('ke\n> ');
    await logs.drain(container.id);
    expect(await take(client)).toBe('');
    expect(await text(container)).toEqual(['name? Minke\n', '> ']);
  });

  test('a later client gets what is said from then on', async () => {
    using container = new FakeContainer();
    await logs.register(container.source);
    const first = logs.subscribe(container.id);
    container.say('stdout', 'old\npart');
    expect(await take(first[Symbol.asyncIterator](), 8)).toBe('old\npart');
    const second = logs.subscribe(container.id)[Symbol.asyncIterator]();
    first.close();
    container.say('stdout', 'ial\nnew\n');
    await logs.drain(container.id);
    expect(await take(second)).toBe('ial\nnew\n');
  });

  test('a slow client gets every byte and only its container waits', async () => {
    using slow = new FakeContainer();
    using other = new FakeContainer();
    const client = logs.subscribe(slow.id);
    await logs.register(slow.source);
    await logs.register(other.source);
    const writer = Bun.spawn(['sh', '-c', `yes ${'x'.repeat(99)} | head -c 20000000 > ${slow.stdio.stdout}`]);
    // The pump stops at 1 MB for the client; the pipe holds another; the writer waits.
    await waitFor(() => sizeOf(slow.target.path) > 500_000);
    other.say('stdout', 'still here\n');
    await waitFor(() => sizeOf(other.target.path) > 0);
    expect(writer.exitCode).toBeNull();
    expect(sizeOf(slow.target.path)).toBeLessThan(4_000_000);
    const chunks = client[Symbol.asyncIterator]();
    let got = (await take(chunks, 19_000_000)).length;
    expect(await writer.exited).toBe(0);
    await logs.drain(slow.id);
    got += (await take(chunks)).length;
    expect(got).toBe(20_000_000);
    await logs.drain(other.id);
    expect(await text(slow)).toHaveLength(200_000);
  });

  test('a client that leaves lets the container go on', async () => {
    using container = new FakeContainer();
    const client = logs.subscribe(container.id);
    const stays = logs.subscribe(container.id);
    await logs.register(container.source);
    const writer = Bun.spawn([
      'sh',
      '-c',
      `yes ${'y'.repeat(99)} | head -c 8000000 > ${container.stdio.stderr}`,
    ]);
    await waitFor(() => sizeOf(container.target.path) > 500_000);
    client.close();
    stays.close();
    expect(await writer.exited).toBe(0);
    await logs.drain(container.id);
    expect(await text(container)).toHaveLength(80_000);
    for await (const chunk of client) expect(chunk).toBeUndefined();
  });

  test('drain waits for the log, not for the client', async () => {
    using container = new FakeContainer();
    const client = logs.subscribe(container.id);
    await logs.register(container.source);
    container.say('stdout', `${'y'.repeat(999)}\n`.repeat(1000));
    await logs.drain(container.id);
    expect(await text(container)).toHaveLength(1000);
    expect(await take(client[Symbol.asyncIterator]())).toHaveLength(1_000_000);
  });

  test('driver none writes no file, and its clients get everything', async () => {
    using container = new FakeContainer({ Type: 'none', Config: {} });
    const client = logs.subscribe(container.id);
    await logs.register(container.source);
    container.say('stdout', 'a\nb');
    expect(await take(client[Symbol.asyncIterator](), 3)).toBe('a\nb');
    client.close();
    container.say('stdout', 'c'.repeat(100_000));
    await logs.drain(container.id);
    expect(readdirSync(container.directory).sort()).toEqual(['staging', 'stderr', 'stdout']);
    expect(() => logs.read(container.target, ALL)).toThrow(
      'configured logging driver does not support reading',
    );
  });

  test('lines keep their order and 16 KiB parts through the pump', async () => {
    using container = new FakeContainer();
    await logs.register(container.source);
    const long = 'z'.repeat(40_000);
    const writer = Bun.spawn(['sh', '-c', `seq 1 300000 > ${container.stdio.stdout}`]);
    await writer.exited;
    container.say('stdout', `${long}\nend\n`);
    await logs.drain(container.id);
    const all = await text(container);
    expect(all.splice(300_000).map((line) => line.length)).toEqual([16384, 16384, 7233, 4]);
    expect(all.every((line, index) => line === `${index + 1}\n`)).toBe(true);
  });

  test('a line in tiny pages is cut, not stuck, and harms nobody else', async () => {
    using container = new FakeContainer();
    using other = new FakeContainer();
    await logs.register(container.source);
    await logs.register(other.source);
    const pipe = openPipe();
    const fifo = openSync(container.stdio.stdout, 'r+');
    for (let i = 0; i <= 500; i++) {
      writeSync(pipe.writer, i < 500 ? 'p' : '\n');
      // Each splice adds a page of its own; 256 of them fill the FIFO.
      while (splice(pipe.reader, fifo, 1) < 0) await Bun.sleep(1);
      other.say('stdout', `other ${i}\n`);
    }
    for (const fd of [pipe.reader, pipe.writer, fifo]) closeSync(fd);
    await logs.drain(container.id);
    await logs.drain(other.id);
    expect((await text(container)).join('')).toBe(`${'p'.repeat(500)}\n`);
    expect(await text(other)).toEqual(Array.from({ length: 501 }, (_, i) => `other ${i}\n`));
  });

  test('rotates by size and keeps so many files', async () => {
    using container = new FakeContainer({ Type: 'json-file', Config: { 'max-size': '2k', 'max-file': '3' } });
    await logs.register(container.source);
    container.say('stdout', Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(''));
    await logs.drain(container.id);
    const files = readdirSync(container.directory).filter((name) => name.startsWith('c-json'));
    expect(files.sort()).toEqual(['c-json.log', 'c-json.log.1', 'c-json.log.2']);
    for (const name of files) expect(sizeOf(`${container.directory}/${name}`)).toBeLessThan(2200);
    const kept = await text(container);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `line ${100 - kept.length + i}\n`));
  });

  test('a bad registration says so and leaves nothing', async () => {
    using container = new FakeContainer();
    const source = { ...container.source, stdio: { ...container.stdio, stderr: '/nowhere/stderr' } };
    await expect(logs.register(source)).rejects.toThrow('ENOENT');
    await expect(logs.register({ ...container.source, config: { Type: 'x', Config: {} } })).rejects.toThrow(
      "logger: no log driver named 'x' is registered",
    );
    expect(container.descriptors).toBe(0);
    await logs.register(container.source);
    await expect(logs.register(container.source)).rejects.toThrow('already');
    await logs.unregister(container.id);
    await logs.unregister(container.id);
    await logs.drain(container.id);
    expect(container.descriptors).toBe(0);
  });

  test('a log that cannot be written does not stop the container', async () => {
    using container = new FakeContainer();
    await logs.register({ ...container.source, path: '/nowhere/c-json.log' });
    const writer = Bun.spawn(['sh', '-c', `yes | head -c 4000000 > ${container.stdio.stdout}`]);
    expect(await writer.exited).toBe(0);
    await logs.drain(container.id);
  });

  test('half a record at the end of a log does not harm the next', async () => {
    using container = new FakeContainer();
    writeFileSync(container.target.path, '{"log":"cut he');
    await logs.register(container.source);
    container.say('stdout', 'whole\n');
    await logs.drain(container.id);
    expect(await text(container)).toEqual(['whole\n']);
  });

  test('the thread ends when idle, and comes back', async () => {
    const short = openLogs({ log: silentLogger, idleMs: 1 });
    for (let round = 0; round < 3; round++) {
      using container = new FakeContainer();
      await short.register(container.source);
      container.say('stdout', `round ${round}\n`);
      await short.drain(container.id);
      expect(await text(container)).toEqual([`round ${round}\n`]);
      await Bun.sleep(round * 20);
    }
    await short.close();
  });
});

/** The epoll of this process that watches a container's output. */
function epollOn({ directory }: FakeContainer): number {
  const links = new Map(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [[fd, readlinkSync(`/proc/self/fd/${fd}`)] as const];
      } catch {
        return [];
      }
    }),
  );
  for (const [fd, link] of links) {
    if (link !== 'anon_inode:[eventpoll]') continue;
    const watched = [...readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').matchAll(/^tfd: +(\d+)/gm)];
    if (watched.some(([, of = '']) => links.get(of)?.startsWith(directory))) return Number(fd);
  }
  throw new Error('nobody watches it');
}

/** Makes the descriptor one of /dev/null. */
function breakDescriptor(fd: number): void {
  closeSync(fd);
  const others: number[] = [];
  for (let opened = openSync('/dev/null', 'r'); opened !== fd; opened = openSync('/dev/null', 'r'))
    others.push(opened);
  for (const other of others) closeSync(other);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(2);
}
