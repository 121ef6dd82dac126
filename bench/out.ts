import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { push as pushByApi } from '../test/fixtures/image.ts';
import { sh, workFolder } from '../test/fixtures/machine.ts';
import { Registry } from '../test/fixtures/registry.ts';
import type { Contestant } from './engines.ts';
import { bigImage } from './image.ts';
import { client, print, type Sample, timed } from './timed.ts';

const CASES = ['save', 'push, all layers new', 'push, all layers there'] as const;
type Case = (typeof CASES)[number];

/**
 * Images on their way out: the image of the pull is saved to a file, pushed to a registry that has nothing, and pushed
 * there again. CPU seconds are those of client, daemon and all descendants of both, not the registry's.
 */
export async function benchOut(
  engines: readonly Contestant[],
  registry: string,
  megabytes: number,
  rounds: number,
): Promise<void> {
  const image = `${registry}/out:latest`;
  await pushByApi(registry, 'out', 'latest', bigImage(megabytes, 0));
  for (const engine of engines) await client(engine, 'pull', '-q', ...engine.pullFlags, image);
  const samples = new Map(CASES.map((name) => [name, new Map(engines.map((it) => [it, [] as Sample[]]))]));
  const sizes = new Map<Contestant, number>();
  for (let round = -1; round < rounds; round++) {
    for (const engine of round % 2 === 0 ? engines : [...engines].reverse()) {
      for (const [name, sample] of await once(engine, image, sizes)) {
        if (round >= 0) samples.get(name)?.get(engine)?.push(sample);
      }
    }
  }
  for (const [name, byEngine] of samples) print(`${name}: four layers, ${megabytes} MB unpacked`, byEngine);
  const size = (engine: Contestant) => `${((sizes.get(engine) ?? 0) / 1e6).toFixed(0)} MB`;
  console.log(`\nSent: ${engines.map((engine) => `${engine.name} ${size(engine)}`).join(', ')}.`);
}

async function once(
  engine: Contestant,
  image: string,
  sizes: Map<Contestant, number>,
): Promise<[Case, Sample][]> {
  const file = join(workFolder('out'), 'image.tar');
  await sh('sync');
  const save = await timed(engine, ['save', '-o', file, image]);
  if (statSync(file).size < 1_000_000) throw new Error(`${engine.name} saved nothing`);
  rmSync(file);
  const fresh = await Registry.start();
  try {
    const target = `${fresh.address}/out:latest`;
    await client(engine, 'tag', image, target);
    const flags = engine.pullFlags;
    await sh('sync');
    const first = await timed(engine, ['push', ...flags, target]);
    const again = await timed(engine, ['push', ...flags, target]);
    sizes.set(engine, await sizeAt(fresh.address));
    return [
      ['save', save],
      ['push, all layers new', first],
      ['push, all layers there', again],
    ];
  } finally {
    await fresh.stop();
  }
}

/** Bytes of the layers that a registry now has. */
async function sizeAt(address: string): Promise<number> {
  const types = ['vnd.docker.distribution.manifest.v2', 'vnd.oci.image.manifest.v1'];
  const accept = types.map((type) => `application/${type}+json`).join(', ');
  const response = await fetch(`http://${address}/v2/out/manifests/latest`, { headers: { accept } });
  const { layers } = (await response.json()) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0);
}
