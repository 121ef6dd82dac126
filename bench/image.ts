import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { busyboxRootfs } from '../test/fixtures/busybox.ts';
import { buildImage, type ImageData, MEDIA, packedImage, sha256 } from '../test/fixtures/image.ts';
import { ROOT } from '../test/fixtures/machine.ts';
import { type TarEntry, tar } from '../test/fixtures/tar.ts';

const CACHE = join(ROOT, '.cache/bench-image');
/** Two zero blocks. */
const END = 1024;

/** A generator of numbers below 2^32 that is the same on every machine. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** Files of about the sizes of a distribution's, which compress to less than half, as its binaries and texts do. */
function layer(seed: number, megabytes: number): Buffer {
  const next = noise(seed);
  const words = Array.from({ length: 4096 }, () =>
    next()
      .toString(36)
      .slice(0, 2 + (next() % 7)),
  );
  const entries: TarEntry[] = [];
  let total = 0;
  for (let n = 0; total < megabytes * 1_000_000; n++) {
    if (n % 40 === 0) entries.push({ name: `opt/l${seed}/d${n / 40}`, type: 'dir' });
    const kind = next() % 100;
    const size = kind < 70 ? 200 + (next() % 12_000) : kind < 97 ? 20_000 + (next() % 120_000) : 1_200_000;
    entries.push({ name: `opt/l${seed}/d${Math.floor(n / 40)}/f${n}`, content: content(next, words, size) });
    total += size;
  }
  return tar(entries);
}

/** Words, runs of noise, and repetitions of what came before, as a compressor finds them in binaries. */
function content(next: () => number, words: readonly string[], size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    // The low bits of the generator repeat soon.
    const pick = next() >>> 8;
    const kind = pick & 63;
    if (kind < 3) {
      for (const end = Math.min(size, at + 40); at < end; at++) bytes[at] = next() >>> 24;
    } else if (kind < 9 && at > 300) {
      const length = Math.min(size - at, 8 + ((next() >>> 8) % 64));
      const from = Math.max(0, at - length - 1 - ((next() >>> 4) % 30_000));
      bytes.copyWithin(at, from, from + length);
      at += length;
    } else {
      at += bytes.write(`${words[(pick >>> 6) & 4095]} `, at, 'latin1');
    }
  }
  return bytes;
}

/** The compressed layers, as files in .cache; made on the first call. */
export function layerFiles(megabytes: number): string[] {
  mkdirSync(CACHE, { recursive: true });
  return [1, 2, 3, 4].map((seed) => {
    const path = join(CACHE, `${seed}-${megabytes}.gz`);
    if (!existsSync(path)) writeFileSync(path, gzipSync(layer(seed, megabytes / 4), { level: 6 }));
    return path;
  });
}

/**
 * The image of the pull: four layers, `megabytes` unpacked. Made once, then kept in .cache. Each `variant` has layers of
 * its own, by a small gzip member before the same large one: so a round need not remove the last one's image, whose
 * inodes ext4 would avoid for minutes, at a cost that no real pull has.
 */
export function bigImage(megabytes: number, variant: number): ImageData {
  const layers = layerFiles(megabytes).map((path, seed) => {
    const first = tar([{ name: `opt/variant-${variant}`, content: `${seed} of ${variant}\n` }]).subarray(
      0,
      -END,
    );
    const packed = Buffer.concat([gzipSync(first), readFileSync(path)]);
    return { packed, diffId: sha256(gunzipSync(packed)), mediaType: MEDIA.dockerLayerGzip };
  });
  return packedImage(layers, { config: { Cmd: ['true'] }, format: 'docker' });
}

export function smallImage(): ImageData {
  return buildImage({
    layers: [busyboxRootfs()],
    config: { Cmd: ['true'], Env: ['PATH=/bin'] },
    format: 'docker',
  });
}
