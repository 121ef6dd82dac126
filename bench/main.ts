/**
 * Minke beside Docker and Podman in one run: `npm run bench`, with `--quick` for a look, or with names of cases
 * (`npm run bench -- pull out`). Prints Markdown for docs/benchmarks.md. Every figure is a median; the order of the engines alternates from round to round.
 */
import { push } from '../test/fixtures/image.ts';
import { removeWork, run, sh, sleep } from '../test/fixtures/machine.ts';
import { Registry } from '../test/fixtures/registry.ts';
import { type Contestant, contestants, versions } from './engines.ts';
import { smallImage } from './image.ts';
import { median, memoryOf, table } from './measure.ts';
import { benchOut } from './out.ts';
import { benchPull } from './pull.ts';

const QUICK = process.argv.includes('--quick');
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const wanted = (name: 'ready' | 'idle' | 'run' | 'pull' | 'out'): boolean =>
  named.length === 0 || named.includes(name);
const ROUNDS = { run: QUICK ? 5 : 20, pull: QUICK ? 1 : 3, ready: QUICK ? 2 : 7 };
const MEGABYTES = QUICK ? 200 : 800;

interface Sample {
  wall: number;
  cpu: number;
}

/** Runs the client of an engine; the sample has its wall time and the CPU seconds of client and engine together. */
async function timed(engine: Contestant, args: string[]): Promise<Sample> {
  const before = engine.group.seconds();
  const [command = '', ...rest] = [...engine.group.prefix, ...engine.client, ...args];
  const result = await run(command, rest, { env: engine.env, timeout: 300_000 });
  if (result.code !== 0) {
    throw new Error(
      `${engine.name} ${args.join(' ')}: exit ${result.code}: ${result.stderr}${result.stdout}`,
    );
  }
  return { wall: result.took / 1000, cpu: engine.group.seconds() - before };
}

async function client(engine: Contestant, ...args: string[]): Promise<string> {
  const [command = '', ...rest] = [...engine.client, ...args];
  const result = await run(command, rest, { env: engine.env, timeout: 120_000 });
  if (result.code !== 0)
    throw new Error(`${engine.name} ${args.join(' ')}: ${result.stderr}${result.stdout}`);
  return result.stdout.trim();
}

/** `rounds` samples for each engine after a warm-up, in alternating order. */
async function rounds(
  engines: readonly Contestant[],
  count: number,
  work: (engine: Contestant) => Promise<Sample>,
): Promise<Map<Contestant, Sample>> {
  const samples = new Map(engines.map((engine) => [engine, [] as Sample[]]));
  for (let round = -1; round < count; round++) {
    const order = round % 2 === 0 ? engines : [...engines].reverse();
    for (const engine of order) {
      const sample = await work(engine);
      if (round >= 0) samples.get(engine)?.push(sample);
    }
  }
  return new Map(
    [...samples].map(([engine, list]) => [
      engine,
      { wall: median(list.map(({ wall }) => wall)), cpu: median(list.map(({ cpu }) => cpu)) },
    ]),
  );
}

function print(title: string, results: Map<Contestant, Sample>): void {
  const [minke] = results.values();
  if (!minke) return;
  const ratio = (a: number, b: number): string => `${(a / b).toFixed(1)}×`;
  const rows = [...results].map(([engine, { wall, cpu }]) => [
    engine.name,
    wall < 1 ? `${(wall * 1000).toFixed(0)} ms` : `${wall.toFixed(2)} s`,
    ratio(wall, minke.wall),
    `${cpu.toFixed(3)} s`,
    ratio(cpu, minke.cpu),
  ]);
  console.log(`\n### ${title}\n\n${table(['engine', 'wall', 'to Minke', 'CPU', 'to Minke'], rows)}`);
}

/** All must do the same work: seccomp, capabilities, limits and logs are on everywhere. */
async function assertSameWork(engine: Contestant, image: string): Promise<void> {
  const status = await client(engine, 'run', '--rm', ...engine.runFlags, image, 'cat', '/proc/self/status');
  if (!/^Seccomp:\s+2$/m.test(status)) throw new Error(`${engine.name}: no seccomp filter`);
  const capabilities = Number.parseInt(/^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0', 16);
  if (capabilities === 0 || capabilities > 0xffffffff)
    throw new Error(`${engine.name}: capabilities ${capabilities}`);
  await client(
    engine,
    'run',
    '--name',
    'limits',
    '-m',
    '64m',
    ...engine.runFlags,
    image,
    'sh',
    '-c',
    'echo logged; sleep 0.1',
  );
  const memory = await client(engine, 'inspect', '-f', '{{.HostConfig.Memory}}', 'limits');
  if (memory !== '67108864') throw new Error(`${engine.name}: memory limit ${memory}`);
  const logged = await client(engine, 'logs', 'limits');
  if (logged !== 'logged') throw new Error(`${engine.name}: log ${logged}`);
  await client(engine, 'rm', '-f', 'limits');
}

async function benchRuns(engines: readonly Contestant[], image: string): Promise<void> {
  for (const network of ['bridge', 'none']) {
    const results = await rounds(engines, ROUNDS.run, (engine) =>
      timed(engine, ['run', '--rm', '--network', network, ...engine.runFlags, image, 'true']),
    );
    print(`run --rm IMAGE true, ${network}`, results);
  }
}

async function benchIdle(engines: readonly Contestant[], image: string): Promise<void> {
  const rows: string[][] = [];
  for (const engine of engines) {
    await sleep(QUICK ? 1000 : 5000);
    const empty = { count: engine.group.pids().length, ...memoryOf(engine.group.pids()) };
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) {
      ids.push(
        await client(engine, 'run', '-d', '--network', 'none', ...engine.runFlags, image, 'sleep', '1000'),
      );
    }
    await sleep(1000);
    const own = new Set(
      await Promise.all(
        ids.map(async (id) => Number(await client(engine, 'inspect', '-f', '{{.State.Pid}}', id))),
      ),
    );
    // What podman leaves for each container runs where its client ran: beside us.
    const helpers = engine.group.pids().filter((pid) => !own.has(pid));
    const conmon =
      engine.name === 'podman' ? (await sh('pgrep -x conmon || true')).split('\n').filter(Boolean) : [];
    const all = [...helpers, ...conmon.map(Number)];
    const full = { count: all.length, ...memoryOf(all) };
    rows.push([
      engine.name,
      `${empty.count}`,
      `${empty.rss.toFixed(0)} MB`,
      `${empty.pss.toFixed(0)} MB`,
      `${full.count}`,
      `${full.rss.toFixed(0)} MB`,
      `${full.pss.toFixed(0)} MB`,
    ]);
    await client(engine, 'rm', '-f', ...(engine.name === 'podman' ? ['-t', '0'] : []), ...ids);
  }
  const head = ['engine', 'processes', 'RSS', 'PSS', 'with 10 containers', 'RSS', 'PSS'];
  console.log(`\n### idle: all processes of the engine, without the containers' own\n\n${table(head, rows)}`);
}

/** What was held for the work before is let go after a while. */
async function printIdleAfterWork(engines: readonly Contestant[]): Promise<void> {
  await sleep(30_000);
  const rows = engines.map(({ name, group }) => {
    const { rss, pss } = memoryOf(group.pids());
    return [name, `${rss.toFixed(0)} MB`, `${pss.toFixed(0)} MB`];
  });
  console.log(`\n### idle, half a minute after runs and pulls\n\n${table(['engine', 'RSS', 'PSS'], rows)}`);
}

async function benchReady(engines: readonly Contestant[]): Promise<void> {
  const daemons = engines.filter(({ name }) => name !== 'podman');
  const results = await rounds(daemons, ROUNDS.ready, async (engine) => {
    const before = engine.group.seconds();
    const wall = ((await engine.start()) ?? 0) / 1000;
    await sleep(300);
    const cpu = engine.group.seconds() - before;
    await engine.stop();
    return { wall, cpu };
  });
  print('ready on an empty data-root', results);
}

const engines = await contestants();
const registry = await Registry.start();
try {
  console.log((await versions()).map((line) => `- ${line}`).join('\n'));
  await push(registry.address, 'small', 'latest', smallImage());
  if (wanted('ready')) await benchReady(engines);
  const small = `${registry.address}/small:latest`;
  for (const engine of engines) {
    await engine.start();
    await client(engine, 'pull', ...engine.pullFlags, small);
    await assertSameWork(engine, small);
  }
  if (wanted('idle')) await benchIdle(engines, small);
  if (wanted('run')) await benchRuns(engines, small);
  if (wanted('pull')) await benchPull(engines, registry.address, MEGABYTES, ROUNDS.pull);
  if (wanted('pull') && wanted('idle')) await printIdleAfterWork(engines);
  if (wanted('out')) await benchOut(engines, registry.address, MEGABYTES, ROUNDS.pull);
} finally {
  for (const engine of engines) {
    await engine.stop();
    engine.group.remove();
  }
  await registry.stop();
  removeWork();
}
