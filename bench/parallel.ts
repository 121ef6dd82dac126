import type { Contestant } from './engines.ts';
import { median, table } from './measure.ts';
import { client, print, type Sample, timed } from './timed.ts';

/** Starts of containers at once: by one client of the API, and by as many clients of the command line. */
export async function benchParallel(
  engines: readonly Contestant[],
  image: string,
  { containers, clients, rounds }: { containers: number; clients: number; rounds: number },
): Promise<void> {
  const daemons = engines.filter(({ api }) => api !== undefined);
  const results = new Map<Contestant, Sample[]>(daemons.map((engine) => [engine, []]));
  for (let round = 0; round < rounds; round++) {
    for (const engine of round % 2 === 0 ? daemons : [...daemons].reverse()) {
      results.get(engine)?.push(await startAll(engine, image, containers));
    }
  }
  print(`${containers} containers started by one client in parallel, bridge`, results);
  await benchRunsAtOnce(engines, image, clients, rounds);
}

async function startAll(engine: Contestant, image: string, count: number): Promise<Sample> {
  const names = Array.from({ length: count }, (_, n) => `bench-parallel-${n}`);
  for (const name of names)
    await client(engine, 'create', '--name', name, ...engine.runFlags, image, 'sleep', '100000');
  const before = engine.group.seconds();
  const started = performance.now();
  const answers = await Promise.all(
    names.map((name) => engine.api?.post(`/containers/${name}/start`, undefined, { timeout: 300_000 })),
  );
  const sample = { wall: (performance.now() - started) / 1000, cpu: engine.group.seconds() - before };
  const failed = answers.find((answer) => answer?.status !== 204);
  if (failed) throw new Error(`${engine.name}: start: ${failed.status} ${failed.text}`);
  await client(engine, 'rm', '-f', ...names);
  return sample;
}

/** No collapse: as many starts a second with many clients at once as with one after the other. */
async function benchRunsAtOnce(
  engines: readonly Contestant[],
  image: string,
  clients: number,
  rounds: number,
): Promise<void> {
  const rows: string[][] = [];
  for (const engine of engines) {
    const run = () => timed(engine, ['run', '--rm', ...engine.runFlags, image, 'true']);
    await run();
    const alone: number[] = [];
    for (let n = 0; n < 10; n++) alone.push((await run()).wall);
    const together: { total: number; slowest: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      const walls = (await Promise.all(Array.from({ length: clients }, run))).map(({ wall }) => wall);
      together.push({ total: (performance.now() - started) / 1000, slowest: Math.max(...walls) });
    }
    const total = median(together.map((one) => one.total));
    rows.push([
      engine.name,
      `${(1 / median(alone)).toFixed(1)}`,
      `${(clients / total).toFixed(1)}`,
      `${total.toFixed(2)} s`,
      `${median(together.map(({ slowest }) => slowest)).toFixed(2)} s`,
    ]);
  }
  const head = ['engine', 'starts a second, one by one', `${clients} at once`, 'all of them', 'the slowest'];
  console.log(`\n### run --rm IMAGE true, ${clients} clients at once, bridge\n\n${table(head, rows)}`);
}
