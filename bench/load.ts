import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sha256 } from '../test/fixtures/image.ts';
import { sh, workFolder } from '../test/fixtures/machine.ts';
import { type TarEntry, tar } from '../test/fixtures/tar.ts';
import type { Contestant } from './engines.ts';
import { layerFiles } from './image.ts';
import { client, print, rounds, timed } from './timed.ts';

const END = 1024;
const NAME = 'bench-load:latest';

/** Writes the archive; layers in folders of their own, or as blobs under their digests. */
function writeArchive(path: string, format: 'old' | 'new', megabytes: number): void {
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
  const manifest = [{ Config: 'config.json', RepoTags: [NAME], Layers: names }];
  add({ name: 'manifest.json', content: JSON.stringify(manifest) });
  appendFileSync(path, new Uint8Array(END));
}

/**
 * `load` of an archive of four layers, as `docker save` of 20.10 writes it and as that of 25 does. Each load is of an
 * image that is not there; between two the image is removed and the disk synced. Minke's answer alone means that all is
 * on disk.
 */
export async function benchLoad(
  engines: readonly Contestant[],
  megabytes: number,
  count: number,
): Promise<void> {
  for (const format of ['old', 'new'] as const) {
    const archive = join(workFolder('load'), `${format}.tar`);
    writeArchive(archive, format, megabytes);
    const samples = await rounds(engines, count, async (engine) => {
      await sh('sync');
      const sample = await timed(engine, ['load', '-q', '-i', archive]);
      await client(engine, 'rmi', NAME);
      return sample;
    });
    print(`load: four layers, ${megabytes} MB, ${format} format`, samples);
    rmSync(archive);
  }
}
