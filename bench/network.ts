import type { Contestant } from './engines.ts';
import { median, table } from './measure.ts';
import { client, print, rounds, type Sample, timed } from './timed.ts';

const NETWORK = 'bench-network';
const NAME = 'bench-started';

/** Networks made and removed, and what a network and ports add to the start of a container. */
export async function benchNetwork(
  engines: readonly Contestant[],
  image: string,
  count: number,
): Promise<void> {
  await benchCreate(engines, count);
  await benchStarts(engines, image, count);
}

/** By the command line, two clients each time; and by one client of the API, without their own time. */
async function benchCreate(engines: readonly Contestant[], count: number): Promise<void> {
  const byClient = await rounds(engines, count, async (engine) => {
    const made = await timed(engine, ['network', 'create', NETWORK]);
    const gone = await timed(engine, ['network', 'rm', NETWORK]);
    return { wall: made.wall + gone.wall, cpu: made.cpu + gone.cpu };
  });
  print('network create, network rm', byClient);
  const byRequest = await rounds(withApi(engines), count, (engine) =>
    requested(engine, async () => {
      await ask(engine, 'POST', '/networks/create', { Name: NETWORK, Driver: 'bridge' });
      await ask(engine, 'DELETE', `/networks/${NETWORK}`);
    }),
  );
  print('the two requests for it', byRequest);
}

const KINDS = {
  none: ['--network', 'none'],
  bridge: ['--network', 'bridge'],
  'user-defined': ['--network', NETWORK],
  'two ports': ['--network', NETWORK, '-p', '18080:80', '-p', '18081:81'],
} as const;
type Kind = keyof typeof KINDS;

/** The request that starts a container, by what it is attached to: what each costs beside `none`. */
async function benchStarts(engines: readonly Contestant[], image: string, count: number): Promise<void> {
  const kinds = Object.keys(KINDS) as Kind[];
  const rows: string[][] = [];
  for (const engine of withApi(engines)) {
    await client(engine, 'network', 'create', NETWORK);
    const samples = new Map<Kind, Sample[]>(kinds.map((kind) => [kind, []]));
    for (let round = -1; round < count; round++) {
      for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
        const sample = await startOne(engine, image, kind);
        if (round >= 0) samples.get(kind)?.push(sample);
      }
    }
    await client(engine, 'network', 'rm', NETWORK);
    const middle = (kind: Kind, of: keyof Sample) => median((samples.get(kind) ?? []).map((one) => one[of]));
    const ms = (kind: Kind) => middle(kind, 'wall') * 1000;
    rows.push([
      engine.name,
      `${ms('none').toFixed(1)} ms`,
      ...kinds.slice(1).map((kind) => `+${(ms(kind) - ms('none')).toFixed(1)} ms`),
      ...(['none', 'two ports'] as const).map((kind) => `${(middle(kind, 'cpu') * 1000).toFixed(0)} ms`),
    ]);
  }
  const head = [
    'engine',
    'none',
    'default bridge',
    'user-defined',
    'and two ports',
    'CPU, none',
    'CPU, two ports',
  ];
  console.log(`\n### start of a container by its request: what a network adds\n\n${table(head, rows)}`);
}

async function startOne(engine: Contestant, image: string, kind: Kind): Promise<Sample> {
  await client(engine, 'create', '--name', NAME, ...KINDS[kind], ...engine.runFlags, image, 'sleep', '1000');
  const sample = await requested(engine, () => ask(engine, 'POST', `/containers/${NAME}/start`));
  await client(engine, 'rm', '-f', NAME);
  return sample;
}

const withApi = (engines: readonly Contestant[]) => engines.filter(({ api }) => api !== undefined);

async function requested(engine: Contestant, work: () => Promise<void>): Promise<Sample> {
  const before = engine.group.seconds();
  const started = performance.now();
  await work();
  return { wall: (performance.now() - started) / 1000, cpu: engine.group.seconds() - before };
}

/** A request that must succeed. */
async function ask(engine: Contestant, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await engine.api?.send(method, path, { body, timeout: 60_000 });
  if (answer && answer.status < 300) return;
  throw new Error(`${engine.name} ${method} ${path}: ${answer?.status} ${answer?.text}`);
}
