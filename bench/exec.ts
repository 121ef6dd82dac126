/**
 * `exec CONTAINER true` into Minke, Docker and Podman, in turn: `scripts/isolated.sh scripts/bun.sh bench/exec.ts
 * [rounds]`. Docker's client asks Minke and Docker alike; its own time is in the figures.
 */
import { push } from '../test/fixtures/image.ts';
import { removeWork, run } from '../test/fixtures/machine.ts';
import { Registry } from '../test/fixtures/registry.ts';
import { type Contestant, contestants } from './engines.ts';
import { smallImage } from './image.ts';
import { median, table } from './measure.ts';

const rounds = Number(process.argv[2] ?? 20);
const NAME = 'bench-exec';

async function call(engine: Contestant, args: string[], prefix: readonly string[] = []) {
  const [command = '', ...rest] = [...prefix, ...engine.client, ...args];
  const result = await run(command, rest, { env: engine.env, timeout: 120_000 });
  if (result.code !== 0)
    throw new Error(`${engine.name} ${args.join(' ')}: ${result.stderr}${result.stdout}`);
  return result;
}

async function timed(engine: Contestant): Promise<{ wall: number; cpu: number }> {
  const before = engine.group.seconds();
  const { took } = await call(engine, ['exec', NAME, 'true'], engine.group.prefix);
  return { wall: took, cpu: (engine.group.seconds() - before) * 1000 };
}

const registry = await Registry.start();
await push(registry.address, 'small', 'latest', smallImage());
const image = `${registry.address}/small:latest`;
const engines = await contestants();
try {
  const samples = new Map(engines.map((engine) => [engine, [] as { wall: number; cpu: number }[]]));
  for (const engine of engines) {
    await engine.start();
    await call(engine, ['pull', '-q', ...engine.pullFlags, image]);
    await call(engine, ['run', '-d', '--name', NAME, ...engine.runFlags, image, 'sleep', '100000']);
    await timed(engine);
  }
  for (let round = 0; round < rounds; round++) {
    for (const engine of round % 2 === 0 ? engines : [...engines].reverse()) {
      samples.get(engine)?.push(await timed(engine));
    }
  }
  const rows = [...samples].map(([engine, list]) => [
    engine.name,
    `${median(list.map(({ wall }) => wall)).toFixed(0)} ms`,
    `${median(list.map(({ cpu }) => cpu)).toFixed(0)} ms`,
  ]);
  console.log(`\n### exec of true\n\n${table(['engine', 'wall', 'CPU'], rows)}`);
} finally {
  for (const engine of engines) {
    await call(engine, ['rm', '-f', NAME]).catch(() => {});
    await engine.stop();
    engine.group.remove();
  }
  await registry.stop();
  removeWork();
}
