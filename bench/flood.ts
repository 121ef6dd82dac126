import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from './engines.ts';
import { percentile, table } from './measure.ts';
import { client } from './timed.ts';

const NAME = 'bench-flood';
/** 99 bytes and a newline. */
const LINE =
  'The quick brown fox jumps over the lazy dog while forty-two engines write logs all night: 0123456'
    .padEnd(99)
    .slice(0, 99);
const ASK_EACH_MS = 20;

/**
 * A container writes lines of 100 bytes to stdout as fast as it is let; the log is json-file without a bound, as Docker
 * has it. Meanwhile another client asks for the list of containers all the time.
 */
export async function benchFlood(
  engines: readonly Contestant[],
  image: string,
  megabytes: number,
): Promise<void> {
  const rows: string[][] = [];
  let first = 0;
  for (const engine of engines.filter(({ api }) => api !== undefined)) {
    const quiet = await lists(engine, sleep(2000));
    const before = engine.group.seconds();
    const started = performance.now();
    await client(
      engine,
      ...['run', '-d', '--name', NAME, '--log-driver', 'json-file', ...unbounded(engine)],
      ...[...engine.runFlags, image, 'sh', '-c', `yes '${LINE}' | head -c ${megabytes}000000`],
    );
    let seconds = 0;
    const over = client(engine, 'wait', NAME).then((code) => {
      seconds = (performance.now() - started) / 1000;
      if (code !== '0') throw new Error(`${engine.name}: the flood ended with ${code}`);
    });
    const busy = await lists(engine, over);
    const cpu = engine.group.seconds() - before;
    const last = await client(engine, 'logs', '--tail', '1', NAME);
    if (last.trim() !== LINE.trim()) throw new Error(`${engine.name}: the last line is ${last}`);
    await client(engine, 'rm', '-f', NAME);
    const speed = megabytes / seconds;
    first ||= speed;
    rows.push([
      engine.name,
      `${speed.toFixed(0)} MB/s`,
      `${(first / speed).toFixed(1)}×`,
      `${cpu.toFixed(2)} s`,
      ...[quiet, busy].flatMap((times) => [50, 99].map((at) => `${percentile(times, at).toFixed(0)} ms`)),
      `${Math.max(...busy).toFixed(0)} ms`,
    ]);
  }
  const head = ['engine', 'throughput', 'to Minke', 'CPU', 'list, idle: median', '99 %'];
  console.log(
    `\n### ${megabytes} MB of lines of 100 bytes, json-file; meanwhile GET /containers/json\n\n${table(
      [...head, 'while flooded: median', '99 %', 'worst'],
      rows,
    )}`,
  );
}

/** Compat: Docker's default; told to be so it refuses it. */
function unbounded({ name }: Contestant): string[] {
  return name === 'minke' ? ['--log-opt', 'max-size=-1'] : [];
}

/** How long the list of containers took, each of the times that it was asked for until then. */
async function lists(engine: Contestant, until: Promise<unknown>): Promise<number[]> {
  let isOver = false;
  const over = until.finally(() => {
    isOver = true;
  });
  const times: number[] = [];
  while (!isOver) {
    const started = performance.now();
    const answer = await engine.api?.get('/containers/json', { timeout: 120_000 });
    if (answer?.status !== 200) throw new Error(`${engine.name}: ${answer?.text}`);
    times.push(performance.now() - started);
    await sleep(ASK_EACH_MS);
  }
  await over;
  return times;
}
