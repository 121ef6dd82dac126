import { push } from '../test/fixtures/image.ts';
import { ROOT, run, sh, workFolder } from '../test/fixtures/machine.ts';
import type { Contestant } from './engines.ts';
import { bigImage, layerFiles } from './image.ts';
import { CpuGroup, median, table } from './measure.ts';

interface Sample {
  wall: number;
  user: number;
  kernel: number;
  /** CPU seconds of the client alone, where it is a process beside the engine. */
  client: number;
}

/**
 * Pulls of one image after another, none of which is removed before the end: see `bigImage`. CPU seconds are those of
 * client, daemon and all descendants of both.
 */
export async function benchPull(
  engines: readonly Contestant[],
  registry: string,
  megabytes: number,
  rounds: number,
): Promise<void> {
  const samples = new Map(engines.map((engine) => [engine, [] as Sample[]]));
  for (let round = -1; round < rounds; round++) {
    const name = `big-${round + 1}`;
    await push(registry, name, 'latest', bigImage(megabytes, round + 1));
    for (const engine of round % 2 === 0 ? engines : [...engines].reverse()) {
      const sample = await pull(engine, `${registry}/${name}:latest`);
      if (round >= 0) samples.get(engine)?.push(sample);
    }
  }
  const middle = (engine: Contestant, of: (sample: Sample) => number) =>
    median((samples.get(engine) ?? []).map(of));
  const [minke] = engines;
  if (!minke) return;
  const rows = engines.map((engine) => {
    const figure = (of: (sample: Sample) => number) => middle(engine, of);
    const cpu = (sample: Sample) => sample.user + sample.kernel;
    const ratio = (of: (sample: Sample) => number) => `${(figure(of) / middle(minke, of)).toFixed(1)}×`;
    return [
      engine.name,
      `${figure(({ wall }) => wall).toFixed(2)} s`,
      ratio(({ wall }) => wall),
      `${figure(cpu).toFixed(2)} s`,
      ratio(cpu),
      `${figure(({ user }) => user).toFixed(2)} s`,
      `${figure(({ kernel }) => kernel).toFixed(2)} s`,
      `${figure(({ client }) => client).toFixed(2)} s`,
    ];
  });
  const head = ['engine', 'wall', 'to Minke', 'CPU', 'to Minke', 'user', 'kernel', 'client alone'];
  console.log(`\n### pull of four layers, ${megabytes} MB unpacked\n\n${table(head, rows)}`);
  await printFloor(megabytes);
}

async function pull(engine: Contestant, image: string): Promise<Sample> {
  const clients = new CpuGroup(`${engine.group.name}/client`);
  const [command = '', ...rest] = [
    ...clients.prefix,
    ...engine.client,
    ...['pull', '-q', ...engine.pullFlags, image],
  ];
  await settle();
  const before = engine.group.used();
  const clientBefore = clients.seconds();
  const result = await run(command, rest, { env: engine.env, timeout: 600_000 });
  if (result.code !== 0) throw new Error(`${engine.name} pull: ${result.stderr}${result.stdout}`);
  const after = engine.group.used();
  return {
    wall: result.took / 1000,
    user: after.user - before.user,
    kernel: after.kernel - before.kernel,
    client: clients.seconds() - clientBefore,
  };
}

/**
 * Nothing is left to be written, and the page cache gives its memory back: on a virtual machine the first touch of memory
 * that it never had costs several times as much, and whoever comes late would pay for it.
 */
async function settle(): Promise<void> {
  await sh('sync; echo 1 > /proc/sys/vm/drop_caches');
}

/** What no engine can do without, on one core: the digests and the inflating, and the writing of the files. */
async function printFloor(megabytes: number): Promise<void> {
  const rows: string[][] = [];
  for (const part of ['inflate', 'inflate-hash', 'files']) {
    await settle();
    const program = `${ROOT}/bench/floor.ts`;
    const args = [program, part, workFolder('floor'), ...layerFiles(megabytes)];
    const result = await run(`${ROOT}/scripts/bun.sh`, args, { timeout: 300_000 });
    if (result.code !== 0) throw new Error(`floor ${part}: ${result.stderr}`);
    const { wall, user, kernel } = JSON.parse(result.stdout) as Omit<Sample, 'client'>;
    rows.push([part, ...[wall, user + kernel, user, kernel].map((seconds) => `${seconds.toFixed(2)} s`)]);
  }
  console.log(`\nThe floor, on one core:\n\n${table(['part', 'wall', 'CPU', 'user', 'kernel'], rows)}`);
}
