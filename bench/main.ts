/**
 * Minke beside Docker and Podman in one run: `npm run bench`, with `--quick` for a look, or with names of cases
 * (`npm run bench -- exec stop parallel flood many`). Prints Markdown for docs/benchmarks.md. Every figure is a median; the order of the engines alternates from round to round.
 */
import { push } from '../test/fixtures/image.ts';
import { removeWork, sh, sleep } from '../test/fixtures/machine.ts';
import { Registry } from '../test/fixtures/registry.ts';
import { benchDensity } from './density.ts';
import { type Contestant, contestants, versions } from './engines.ts';
import { benchExec } from './exec.ts';
import { benchFlood } from './flood.ts';
import { smallImage } from './image.ts';
import { benchImages } from './images.ts';
import { benchLoad } from './load.ts';
import { benchMany } from './many.ts';
import { memoryOf, removeStaleGroups, table } from './measure.ts';
import { benchNetwork } from './network.ts';
import { benchOut } from './out.ts';
import { benchParallel } from './parallel.ts';
import { benchPull } from './pull.ts';
import { benchStop } from './stop.ts';
import { benchThroughput } from './throughput.ts';
import { client, print, rounds, timed } from './timed.ts';

const QUICK = process.argv.includes('--quick');
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
type Case =
  | 'ready'
  | 'idle'
  | 'run'
  | 'exec'
  | 'stop'
  | 'parallel'
  | 'flood'
  | 'many'
  | 'pull'
  | 'out'
  | 'load'
  | 'images'
  | 'network'
  | 'throughput'
  | 'density';
const wanted = (name: Case): boolean => named.length === 0 || named.includes(name);
const ROUNDS = { run: QUICK ? 5 : 20, pull: QUICK ? 1 : 3, ready: QUICK ? 2 : 7 };
const MEGABYTES = QUICK ? 200 : 800;
const FLOOD_MEGABYTES = QUICK ? 100 : 1000;
const PARALLEL = QUICK
  ? { containers: 20, clients: 8, rounds: 1 }
  : { containers: 100, clients: 32, rounds: 3 };
const MANY = QUICK ? { minke: 50, others: 5 } : { minke: 500, others: 50 };

const THROUGHPUT = QUICK ? { rounds: 1, seconds: 2 } : { rounds: 5, seconds: 5 };
const DENSITY = QUICK ? { minke: 40, others: 20 } : { minke: 1000, others: 100 };

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

removeStaleGroups();
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
  if (wanted('exec')) await benchExec(engines, small, ROUNDS.run);
  if (wanted('stop')) await benchStop(engines, small, ROUNDS.run);
  if (wanted('parallel')) await benchParallel(engines, small, PARALLEL);
  if (wanted('flood')) await benchFlood(engines, small, FLOOD_MEGABYTES);
  if (wanted('many')) await benchMany(engines, small, MANY);
  if (wanted('pull')) await benchPull(engines, registry.address, MEGABYTES, ROUNDS.pull);
  if (wanted('pull') && wanted('idle')) await printIdleAfterWork(engines);
  if (wanted('load')) await benchLoad(engines, MEGABYTES, ROUNDS.pull);
  if (wanted('images')) await benchImages(engines, registry.address, ROUNDS.pull);
  if (wanted('network')) await benchNetwork(engines, small, ROUNDS.run);
  if (wanted('throughput')) await benchThroughput(engines, registry.address, THROUGHPUT);
  if (wanted('density')) await benchDensity(engines, small, DENSITY);
  if (wanted('out')) await benchOut(engines, registry.address, MEGABYTES, ROUNDS.pull);
} finally {
  for (const engine of engines) {
    await engine.stop();
    engine.group.remove();
  }
  await registry.stop();
  removeWork();
}
