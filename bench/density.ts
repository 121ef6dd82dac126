import type { Contestant } from './engines.ts';
import { median, memoryOf, table } from './measure.ts';
import { client } from './timed.ts';

const NETWORKS = 4;
/** Of the first and of the last starts; and so many names are asked for. */
const SAMPLE = 20;

/**
 * Many containers on several networks (a bridge takes 1,023 ports): how long the last start takes beside the first,
 * and whether each finds the others of its network by name. Created beforehand: what is timed is the request to start.
 */
export async function benchDensity(
  engines: readonly Contestant[],
  image: string,
  counts: { minke: number; others: number },
): Promise<void> {
  const rows: string[][] = [];
  for (const engine of engines.filter(({ api }) => api !== undefined)) {
    const count = engine.name === 'minke' ? counts.minke : counts.others;
    rows.push(await fill(engine, image, count));
  }
  const head = ['engine', 'containers', 'first starts', 'last starts', 'ratio', 'CPU each', 'PSS each'];
  const more = ['names found', 'a name takes'];
  console.log(`\n### containers on ${NETWORKS} networks\n\n${table([...head, ...more], rows)}`);
}

const networkOf = (index: number) => `bench-dense-${index % NETWORKS}`;
const nameOf = (index: number) => `bench-dense-c${index}`;

async function fill(engine: Contestant, image: string, count: number): Promise<string[]> {
  for (let n = 0; n < NETWORKS; n++) {
    await client(engine, 'network', 'create', '--subnet', `10.77.${n * 16}.0/20`, networkOf(n));
  }
  await create(engine, image, count + 1);
  // What the first one needs is there before.
  await start(engine, count);
  const memory = memoryOf(engine.group.enginePids()).pss;
  const before = engine.group.seconds();
  const walls: number[] = [];
  for (let n = 0; n < count; n++) walls.push(await start(engine, n));
  const cpu = engine.group.seconds() - before;
  const pss = memoryOf(engine.group.enginePids()).pss - memory;
  const first = median(walls.slice(0, SAMPLE));
  const last = median(walls.slice(-SAMPLE));
  const names = await askNames(engine, count);
  await clear(engine, count + 1);
  return [
    engine.name,
    `${count}`,
    `${first.toFixed(1)} ms`,
    `${last.toFixed(1)} ms`,
    `${(last / first).toFixed(2)}×`,
    `${((cpu * 1000) / count).toFixed(0)} ms`,
    `${((pss * 1024) / count).toFixed(0)} KB`,
    `${names.found} of ${names.asked}`,
    `${names.took.toFixed(2)} ms`,
  ];
}

async function create(engine: Contestant, image: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const where = ['--name', nameOf(n), '--network', networkOf(n)];
    await client(engine, 'create', ...where, ...engine.runFlags, image, 'sleep', '100000');
  }
}

/** Milliseconds. */
async function start(engine: Contestant, index: number): Promise<number> {
  const started = performance.now();
  const answer = await engine.api?.post(`/containers/${nameOf(index)}/start`, undefined, { timeout: 60_000 });
  if (answer?.status !== 204) throw new Error(`${engine.name}: start: ${answer?.status} ${answer?.text}`);
  return performance.now() - started;
}

/** One container of each network asks for others of its own, spread over all. */
async function askNames(
  engine: Contestant,
  count: number,
): Promise<{ asked: number; found: number; took: number }> {
  const sum = { asked: 0, found: 0, took: 0 };
  for (let network = 0; network < NETWORKS; network++) {
    const step = Math.max(1, Math.floor(count / NETWORKS / SAMPLE)) * NETWORKS;
    const names: string[] = [];
    for (let n = network; n < count && names.length < SAMPLE; n += step) names.push(nameOf(n));
    const script = `for name in ${names.join(' ')}; do nslookup $name >/dev/null 2>&1 && echo found; done; true`;
    const command = ['exec', nameOf(network), 'sh', '-c', script];
    const empty = await timedClient(engine, ['exec', nameOf(network), 'true']);
    const answered = await timedClient(engine, command);
    sum.asked += names.length;
    sum.found += answered.text.split('\n').filter((line) => line === 'found').length;
    sum.took += (answered.took - empty.took) / names.length / NETWORKS;
  }
  return sum;
}

async function timedClient(engine: Contestant, command: string[]): Promise<{ text: string; took: number }> {
  const started = performance.now();
  const text = await client(engine, ...command);
  return { text, took: performance.now() - started };
}

async function clear(engine: Contestant, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => nameOf(n));
  while (names.length > 0) await client(engine, 'rm', '-f', ...names.splice(0, 50));
  for (let n = 0; n < NETWORKS; n++) await client(engine, 'network', 'rm', networkOf(n));
}
