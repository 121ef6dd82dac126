import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { busyboxRootfs } from '../test/fixtures/busybox.ts';
import { MEDIA, packedImage, push, sha256 } from '../test/fixtures/image.ts';
import { sh, sleep, workFolder } from '../test/fixtures/machine.ts';
import { tar } from '../test/fixtures/tar.ts';
import type { Contestant } from './engines.ts';
import { client, print, rounds, type Sample, timed } from './timed.ts';

const MANY = 1000;
const FAMILY = 20;
const FILES = 100_000;
const FILES_IN_FOLDER = 100;
const BASE_BYTES = 10_000_000;

/** Lists of a thousand images, pulls of a family of images at once, and the removal of an image of many files. */
export async function benchImages(
  engines: readonly Contestant[],
  registry: string,
  count: number,
): Promise<void> {
  await benchFamily(engines, registry, count);
  await benchRemoval(engines, registry, count);
  await benchList(engines, count);
}

async function benchList(engines: readonly Contestant[], count: number): Promise<void> {
  const archive = join(workFolder('images'), 'many.tar');
  writeFileSync(archive, manyImages());
  for (const engine of engines) await client(engine, 'load', '-q', '-i', archive);
  const samples = await rounds(engines, count * 5, (engine) => timed(engine, ['images', '-q']));
  print(`images: a list of ${MANY}`, samples);
}

/** An archive of images that share a layer. */
function manyImages(): Buffer {
  const layer = busyboxRootfs();
  const configs = Array.from({ length: MANY }, (_, n) => {
    const rootfs = { type: 'layers', diff_ids: [sha256(layer)] };
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    return {
      name: `${n}.json`,
      content: JSON.stringify({ architecture, os: 'linux', config: { Cmd: [`${n}`] }, rootfs }),
    };
  });
  const manifest = configs.map(({ name }, n) => ({
    Config: name,
    RepoTags: [`many:${n}`],
    Layers: ['layer.tar'],
  }));
  return tar([
    { name: 'layer.tar', content: layer },
    ...configs,
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

async function benchFamily(engines: readonly Contestant[], registry: string, count: number): Promise<void> {
  const samples = await rounds(engines, count, async (engine, round) => {
    const base = [1, 2].map((n) =>
      packedLayer(tar([{ name: `base-${n}`, content: randomBytes(BASE_BYTES) }])),
    );
    const names = Array.from({ length: FAMILY }, (_, n) => `family-${engine.name}-${round + 1}-${n}`);
    for (const name of names) {
      const layers = [...base, packedLayer(tar([{ name, content: randomBytes(10_000) }]))];
      await push(
        registry,
        name,
        'latest',
        packedImage(layers, { format: 'docker', config: { Cmd: ['true'] } }),
      );
    }
    await sh('sync');
    const before = engine.group.seconds();
    const started = performance.now();
    await Promise.all(
      names.map((name) => timed(engine, ['pull', '-q', ...engine.pullFlags, `${registry}/${name}`])),
    );
    const wall = (performance.now() - started) / 1000;
    return { wall, cpu: engine.group.seconds() - before };
  });
  print(`pull of ${FAMILY} images at once that share ${(2 * BASE_BYTES) / 1e6} MB`, samples);
}

function packedLayer(layer: Buffer) {
  const packed = gzipSync(layer, { level: 1 });
  return { packed, diffId: sha256(layer), mediaType: MEDIA.dockerLayerGzip };
}

/** The answer, and the time until the files are gone too, which only Minke lets nobody wait for. */
async function benchRemoval(engines: readonly Contestant[], registry: string, count: number): Promise<void> {
  const entries = Array.from({ length: FILES }, (_, n) => ({
    name: `files/d${Math.floor(n / FILES_IN_FOLDER)}/f${n}`,
    content: `${n}`,
  }));
  const layer = tar(entries);
  const layers = [packedLayer(layer)];
  const gone = new Map(engines.map((engine) => [engine, [] as Sample[]]));
  const answers = await rounds(engines, count, async (engine, round) => {
    const image = packedImage(layers, { config: { Cmd: [`${round}`] }, format: 'docker' });
    await push(registry, 'files', `r${round + 1}`, image);
    const name = `${registry}/files:r${round + 1}`;
    await client(engine, 'pull', '-q', ...engine.pullFlags, name);
    await sh('sync');
    const before = engine.group.seconds();
    const started = performance.now();
    const answer = await timed(engine, ['rmi', name]);
    if (engine.dataRoot !== undefined) while (hasGarbage(engine.dataRoot())) await sleep(20);
    const sample = { wall: (performance.now() - started) / 1000, cpu: engine.group.seconds() - before };
    if (round >= 0) gone.get(engine)?.push(sample);
    return answer;
  });
  print(`rmi of an image of ${FILES} files: the answer`, answers);
  print(`rmi of an image of ${FILES} files: until they are gone`, gone);
}

/** Files of a removed layer wait in Minke's staging area. */
function hasGarbage(dataRoot: string): boolean {
  try {
    return readdirSync(join(dataRoot, 'overlay2/.minke-staging')).some((name) => name.startsWith('gone-'));
  } catch {
    return false;
  }
}
