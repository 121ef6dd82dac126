/**
 * `docker load` of an archive of 800 MB (four layers) into Minke, Docker and Podman, in turn, as `docker save` of 20.10
 * writes it and as that of 25 does: `scripts/isolated.sh scripts/bun.sh bench/load.ts [megabytes] [rounds]`.
 * Each load is of an image that is not there; between two the image is removed and the disk synced.
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sha256 } from '../test/fixtures/image.ts';
import { removeWork, run, sh, workFolder } from '../test/fixtures/machine.ts';
import { type TarEntry, tar } from '../test/fixtures/tar.ts';
import { type Contestant, contestants } from './engines.ts';
import { layerFiles } from './image.ts';
import { median, table } from './measure.ts';

const megabytes = Number(process.argv[2] ?? 800);
const rounds = Number(process.argv[3] ?? 3);
const END = 1024;

/** Writes the archive; layers in folders of their own, or as blobs under their digests. */
function writeArchive(path: string, format: 'old' | 'new'): void {
  const add = (entry: TarEntry) => appendFileSync(path, tar([entry]).subarray(0, -END));
  writeFileSync(path, '');
  const diffIds: string[] = [];
  const names: string[] = [];
  for (const [index, file] of layerFiles(megabytes).entries()) {
    const layer = gunzipSync(readFileSync(file));
    const digest = sha256(layer);
    const name =
      format === 'old' ? `${sha256(`${index}`).slice(7)}/layer.tar` : `blobs/sha256/${digest.slice(7)}`;
    add({ name, content: layer });
    diffIds.push(digest);
    names.push(name);
  }
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: diffIds };
  add({ name: 'config.json', content: JSON.stringify({ architecture, os: 'linux', config: {}, rootfs }) });
  const manifest = [{ Config: 'config.json', RepoTags: ['bench-load:latest'], Layers: names }];
  add({ name: 'manifest.json', content: JSON.stringify(manifest) });
  appendFileSync(path, new Uint8Array(END));
}

async function timed(engine: Contestant, archive: string): Promise<{ wall: number; cpu: number }> {
  await sh('sync');
  const before = engine.group.seconds();
  const [command = '', ...args] = [...engine.group.prefix, ...engine.client, 'load', '-q', '-i', archive];
  const result = await run(command, args, { env: engine.env, timeout: 300_000 });
  if (result.code !== 0) throw new Error(`${engine.name}: ${result.stderr}${result.stdout}`);
  const sample = { wall: result.took / 1000, cpu: engine.group.seconds() - before };
  const [client = '', ...rest] = [...engine.client, 'rmi', 'bench-load:latest'];
  await run(client, rest, { env: engine.env, timeout: 120_000 });
  return sample;
}

const engines = await contestants();
const folder = workFolder('load');
try {
  for (const engine of engines) await engine.start();
  for (const format of ['old', 'new'] as const) {
    const archive = join(folder, `${format}.tar`);
    writeArchive(archive, format);
    const samples = new Map(engines.map((engine) => [engine, [] as { wall: number; cpu: number }[]]));
    for (let round = 0; round < rounds; round++) {
      for (const engine of round % 2 === 0 ? engines : [...engines].reverse()) {
        samples.get(engine)?.push(await timed(engine, archive));
      }
    }
    const rows = [...samples].map(([engine, list]) => {
      const wall = median(list.map((sample) => sample.wall));
      const cpu = median(list.map((sample) => sample.cpu));
      return [engine.name, `${wall.toFixed(2)} s`, `${cpu.toFixed(2)} s`];
    });
    console.log(
      `\n### load of ${megabytes} MB, ${format} format\n\n${table(['engine', 'wall', 'CPU'], rows)}`,
    );
    rmSync(archive);
  }
} finally {
  for (const engine of engines) {
    await engine.stop();
    engine.group.remove();
  }
  removeWork();
}
