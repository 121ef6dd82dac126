/** `mode=blocking` and `non-blocking` with `max-buffer-size`, with receivers that hang and receivers that are gone. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { StallingReceiver } from '../fixtures/receivers/stalling.ts';

const TWICE = 'a receiver may get a message twice';
const LINES = 28_000;
const LINE = 100;
const BUFFER = 128 * 1024;
/** What a receiver that hangs gets nevertheless: the buffer, what is under way, and what the kernel keeps. */
const AT_MOST = 1536 * 1024;

// The kernel keeps megabytes for a receiver that does not read: here, in this network namespace, as little as it can.
const KERNEL_BUFFERS = ['/proc/sys/net/ipv4/tcp_rmem', '/proc/sys/net/ipv4/tcp_wmem'];
const before = KERNEL_BUFFERS.map((path) => readFileSync(path, 'utf8'));
beforeAll(() => {
  for (const path of KERNEL_BUFFERS) writeFileSync(path, '4096 65536 262144');
});
afterAll(() => {
  KERNEL_BUFFERS.forEach((path, i) => {
    writeFileSync(path, before[i] ?? '');
  });
});

/** Where a driver sends to. */
const DRIVERS: [string, (port: number) => string[]][] = [
  ['fluentd', (port) => [`fluentd-address=127.0.0.1:${port}`]],
  ['gelf', (port) => [`gelf-address=tcp://127.0.0.1:${port}`]],
  ['splunk', (port) => [`splunk-url=http://127.0.0.1:${port}`, 'splunk-token=T']],
  ['syslog', (port) => [`syslog-address=tcp://127.0.0.1:${port}`]],
];

/** Its lines, a sign that it could say them, and then the last one again and again. Gelf sends the command, too: no numbers in it. */
const talking = (name: string) => {
  const fill = 'x'.repeat(LINE - name.length - 7);
  return `seq 1 ${LINES} | sed 's/.*/${name}:&:${fill}/'; touch /done; n=${LINES + 1}; while sleep 0.2; do echo ${name}:$n:; done`;
};

async function set(driver: string, where: string[]) {
  const { docker, busybox } = await engine();
  return {
    docker,
    run: async (name: string, more: string[]) => {
      const flags = [...where, ...more].flatMap((one) => ['--log-opt', one]);
      const run = ['run', '-d', '--name', name, '--log-driver', driver, ...flags, busybox];
      await docker.ok([...run, 'sh', '-c', talking(name)]);
    },
    isDone: async (name: string) => (await docker.run(['exec', name, 'test', '-e', '/done'])).code === 0,
  };
}

/** The buffer was kept for a receiver that has all it can get by now, and no more. */
function expectDropped(numbers: number[]): void {
  const lines = numbers.filter((number) => number <= LINES);
  expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length * LINE).toBeLessThan(AT_MOST);
  // Compat: Docker drops the newest instead, whatever its documentation says.
  if (ENGINE === 'docker') return;
  expect(lines.at(-1)).toBe(LINES);
  const gap = lines.findLastIndex((number, i) => number > (lines[i - 1] ?? number) + 1);
  expect((lines.length - gap) * LINE).toBeGreaterThan(BUFFER / 2);
}

describe.each(DRIVERS)('%s', (driver, where) => {
  test('a receiver that hangs stops a container that is blocking, and none that is not: its output is dropped', async () => {
    using _calm = await calm(TWICE);
    await using receiver = await StallingReceiver.start({ http: driver === 'splunk' });
    const { docker, run, isDone } = await set(driver, where(receiver.port));
    const [slow, free] = [uniqueName(), uniqueName()];
    await using _box = removing(docker, slow, free);
    // Compat: Docker's splunk throws away what it cannot send, in either mode.
    const slows = driver === 'splunk' ? [] : [slow];
    receiver.stall();
    for (const name of slows) await run(name, ['mode=blocking']);
    await run(free, ['mode=non-blocking', `max-buffer-size=${BUFFER}`]);
    await until('the end of the one that does not wait', () => isDone(free), 30_000);
    for (const name of slows) expect(await isDone(name)).toBe(false);
    // What was dropped for the receiver is in the log. Compat: not in 20.10, whose cache is behind the buffer.
    if (ENGINE !== 'docker') expect(await docker.ok(['logs', free])).toContain(`${free}:${LINES - 1}:`);
    receiver.resume();
    const last = LINES + 1;
    await until('its last line', () => receiver.numbers(free).includes(last), 30_000);
    expectDropped(receiver.numbers(free));
    for (const name of slows) {
      await until('the end of the other', () => isDone(name), 45_000);
      const numbers = receiver.numbers(name);
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
    }
  });
});

test.each(DRIVERS.filter(([driver]) => driver !== 'splunk'))(
  '%s: a receiver that is gone stops no container that is not blocking, and hears of it when it is back',
  async (driver, where) => {
    using _calm = await calm(TWICE);
    await using receiver = await StallingReceiver.start();
    const { docker, run, isDone } = await set(driver, where(receiver.port));
    const free = uniqueName();
    await using _box = removing(docker, free);
    receiver.stall();
    await run(free, ['mode=non-blocking', `max-buffer-size=${BUFFER}`]);
    await receiver.vanish();
    await until('its end', () => isDone(free), 30_000);
    receiver.resume();
    await receiver.listen();
    await until('its last line', () => receiver.numbers(free).includes(LINES + 1), 30_000);
    const lines = receiver.numbers(free).filter((number) => number <= LINES);
    expect(lines.length * LINE).toBeLessThan(AT_MOST);
    // What was under way when it went may come again.
    if (ENGINE !== 'docker') expect(lines.at(-1)).toBe(LINES);
  },
);

test('a file is written in either mode, and drops nothing', async () => {
  const { docker, busybox } = await engine();
  for (const driver of ['json-file', 'local']) {
    const name = uniqueName();
    await using _box = removing(docker, name);
    const flags = [
      '--log-driver',
      driver,
      '--log-opt',
      'mode=non-blocking',
      '--log-opt',
      'max-buffer-size=4m',
    ];
    await docker.ok(['run', '--name', name, ...flags, busybox, 'seq', '1', '20000']);
    expect(await docker.ok(['logs', name])).toBe(Array.from({ length: 20_000 }, (_, i) => i + 1).join('\n'));
  }
});
