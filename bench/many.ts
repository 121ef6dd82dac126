import { sleep } from '../test/fixtures/machine.ts';
import type { Contestant } from './engines.ts';
import { median, memoryOf, table } from './measure.ts';
import { client, timed } from './timed.ts';

const AT_ONCE = 8;
const ROUNDS = 10;

/**
 * Many idle containers: what each costs the engine's own processes, how long a list of twice as many takes (as many are
 * created and not started), and how long the daemon takes to be there again with all of them running. An engine with a
 * process for each container gets fewer.
 */
export async function benchMany(
  engines: readonly Contestant[],
  image: string,
  counts: { minke: number; others: number },
): Promise<void> {
  const rows: string[][] = [];
  for (const engine of engines.filter(({ api }) => api !== undefined)) {
    const count = engine.name === 'minke' ? counts.minke : counts.others;
    // What the first ones need is there before.
    await make(engine, image, 'warm', 5, true);
    await sleep(3000);
    const before = memoryOf(engine.group.enginePids());
    await make(engine, image, 'idle', count, true);
    await sleep(3000);
    const after = memoryOf(engine.group.enginePids());
    await make(engine, image, 'made', count, false);
    const walls: number[] = [];
    for (let n = 0; n < ROUNDS; n++) walls.push((await timed(engine, ['ps', '-a'])).wall);
    const request: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      const started = performance.now();
      await engine.api?.get('/containers/json?all=1', { timeout: 60_000 });
      request.push(performance.now() - started);
    }
    const ready = engine.restart
      ? await engine.restart(async () => (await running(engine)) === count + 5)
      : 0;
    const each = (kind: 'rss' | 'pss') => `${(((after[kind] - before[kind]) * 1024) / count).toFixed(0)} KB`;
    rows.push([
      engine.name,
      `${count}`,
      each('pss'),
      each('rss'),
      `${(median(walls) * 1000).toFixed(0)} ms`,
      `${median(request).toFixed(0)} ms`,
      engine.restart ? `${ready.toFixed(0)} ms` : '',
    ]);
    await clear(engine);
  }
  const head = ['engine', 'idle containers', 'PSS each', 'RSS each', 'ps -a of twice as many', 'its request'];
  console.log(`\n### many containers, bridge\n\n${table([...head, 'restart, all running'], rows)}`);
}

async function make(
  engine: Contestant,
  image: string,
  stem: string,
  count: number,
  start: boolean,
): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `bench-${stem}-${n}`);
  const verb = start ? ['run', '-d'] : ['create'];
  await inTurns(names, (name) =>
    client(engine, ...verb, '--name', name, ...engine.runFlags, image, 'sleep', '100000'),
  );
}

async function clear(engine: Contestant): Promise<void> {
  const ids = (await client(engine, 'ps', '-aq')).split('\n').filter(Boolean);
  await inTurns(ids, (id) => client(engine, 'rm', '-f', id));
}

async function running(engine: Contestant): Promise<number> {
  const answer = await engine.api?.get('/containers/json', { timeout: 60_000 });
  return answer?.json<unknown[]>().length ?? 0;
}

async function inTurns(items: string[], work: (item: string) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
