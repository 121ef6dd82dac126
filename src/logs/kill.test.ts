import { afterAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { silentLogger } from '../base/mod.ts';
import { openLogs } from './open-logs.ts';
import { ALL, FakeContainer } from './testing/container.ts';

/** Half a dozen for each here; `MINKE_LOG_KILLS=1000` for a long round. */
const KILLS = Number(process.env['MINKE_LOG_KILLS'] ?? 6);
const CHILD = join(import.meta.dir, 'testing/kill-child.ts');
const logs = openLogs({ log: silentLogger });
afterAll(() => logs.close());

function startPump(container: FakeContainer, how: 'kill' | 'drain') {
  return Bun.spawn([process.execPath, CHILD, JSON.stringify(container.source), how], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
}

/** Kills the pump at random moments while both streams are written, then reads the log. */
async function survive(driver: string, script: string, config: Record<string, string>) {
  const container = new FakeContainer({ Type: driver, Config: config });
  const { stdout, stderr } = container.stdio;
  const writer = Bun.spawn(['sh', '-c', script], { env: { ...process.env, OUT: stdout, ERR: stderr } });
  for (let kill = 0; kill < KILLS; kill++) {
    const pump = startPump(container, 'kill');
    await pump.stdout.getReader().read();
    await Bun.sleep(Math.random() * 30);
    pump.kill('SIGKILL');
    await pump.exited;
  }
  const drained = startPump(container, 'kill');
  await drained.stdout.getReader().read();
  expect(await writer.exited).toBe(0);
  drained.kill('SIGKILL');
  await drained.exited;
  expect(await startPump(container, 'drain').exited).toBe(0);
  return container;
}

const count = 40_000 * KILLS;

test.each(['json-file', 'local'])(
  'numbered lines are each in the log of %s once and in order when the daemon is killed',
  async (driver) => {
    using container = await survive(driver, `seq 1 ${count} > $OUT & seq 1 ${count} > $ERR; wait`, {
      'max-size': '20m',
      'max-file': '1000',
      compress: 'false',
    });
    const next = { stdout: 1, stderr: 1 };
    for await (const { stream, line } of logs.read(container.target, ALL)) {
      const number = Number(Buffer.from(line).toString());
      if (number !== next[stream]) throw new Error(`${stream}: ${number} instead of ${next[stream]}`);
      next[stream]++;
    }
    expect(next).toEqual({ stdout: count + 1, stderr: count + 1 });
  },
  120_000 + KILLS * 4_000,
);

test.each([
  ['json-file', { 'max-size': '-1' }],
  ['local', { 'max-size': '100g', compress: 'false' }],
])(
  'identical lines of %s are as many as were written when the daemon is killed',
  async (driver, config) => {
    using container = await survive(driver, `yes same | head -n ${count} > $OUT`, config);
    let found = 0;
    for await (const { line } of logs.read(container.target, ALL)) {
      if (Buffer.from(line).toString() !== 'same\n') throw new Error(`damaged: ${Buffer.from(line)}`);
      found++;
    }
    expect(found).toBe(count);
  },
  120_000 + KILLS * 4_000,
);
