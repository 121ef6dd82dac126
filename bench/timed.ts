import { loadavg } from 'node:os';
import { run } from '../test/fixtures/machine.ts';
import type { Contestant } from './engines.ts';
import { median, table } from './measure.ts';

/** One run of something: seconds. */
export interface Sample {
  wall: number;
  cpu: number;
}

/** Runs the client of an engine; the sample has its wall time and the CPU seconds of client and engine together. */
export async function timed(engine: Contestant, args: string[]): Promise<Sample> {
  const before = engine.group.seconds();
  const [command = '', ...rest] = [...engine.group.prefix, ...engine.client, ...args];
  const result = await run(command, rest, { env: engine.env, timeout: 600_000 });
  if (result.code !== 0) {
    throw new Error(
      `${engine.name} ${args.join(' ')}: exit ${result.code}: ${result.stderr}${result.stdout}`,
    );
  }
  return { wall: result.took / 1000, cpu: engine.group.seconds() - before };
}

/** What a command of an engine's client says; not measured. */
export async function client(engine: Contestant, ...args: string[]): Promise<string> {
  const [command = '', ...rest] = [...engine.client, ...args];
  const result = await run(command, rest, { env: engine.env, timeout: 300_000 });
  if (result.code !== 0)
    throw new Error(`${engine.name} ${args.join(' ')}: ${result.stderr}${result.stdout}`);
  return result.stdout.trim();
}

/** `count` samples for each engine after a warm-up, in alternating order. */
export async function rounds(
  engines: readonly Contestant[],
  count: number,
  work: (engine: Contestant, round: number) => Promise<Sample>,
): Promise<Map<Contestant, Sample[]>> {
  const samples = new Map(engines.map((engine) => [engine, [] as Sample[]]));
  for (let round = -1; round < count; round++) {
    for (const engine of round % 2 === 0 ? engines : [...engines].reverse()) {
      const sample = await work(engine, round);
      if (round >= 0) samples.get(engine)?.push(sample);
    }
  }
  return samples;
}

/** A table of medians, under a title that says how busy the machine was. */
export function print(title: string, samples: ReadonlyMap<Contestant, readonly Sample[]>): void {
  const figures = [...samples].map(([{ name }, list]) => ({
    name,
    wall: median(list.map(({ wall }) => wall)),
    cpu: median(list.map(({ cpu }) => cpu)),
  }));
  const [minke] = figures;
  if (!minke) return;
  const rows = figures.map(({ name, wall, cpu }) => [
    name,
    wall < 1 ? `${(wall * 1000).toFixed(0)} ms` : `${wall.toFixed(2)} s`,
    `${(wall / minke.wall).toFixed(1)}×`,
    `${cpu.toFixed(3)} s`,
    `${(cpu / minke.cpu).toFixed(1)}×`,
  ]);
  const head = ['engine', 'wall', 'to Minke', 'CPU', 'to Minke'];
  console.log(`\n### ${title}\n\nLoad ${loadavg()[0]?.toFixed(1)}.\n\n${table(head, rows)}`);
}
