import { describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { MEDIA, type PackedLayer, packedImage, push, sha256 } from '../fixtures/image.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

/** Where a stream of several members or frames begins a new one: in a header, in content, at the end. */
const cut = (bytes: Buffer): Buffer[] => {
  const at = [0, 100, 512, 700, 300_000, bytes.length - 600, bytes.length];
  return at.slice(1).map((end, n) => bytes.subarray(at[n], end));
};
const skippable = Buffer.from('502a4d18040000006d696e6b', 'hex');

const FORMATS: Record<string, { mediaType: string; pack: (bytes: Buffer) => Buffer; since28?: boolean }> = {
  'gzip of one member': { mediaType: MEDIA.ociLayerGzip, pack: (bytes) => gzipSync(bytes) },
  'gzip of several members': {
    mediaType: MEDIA.ociLayerGzip,
    pack: (bytes) => Buffer.concat(cut(bytes).map((part) => gzipSync(part))),
  },
  'zstd of one frame': {
    mediaType: MEDIA.ociLayerZstd,
    pack: (bytes) => zstdCompressSync(bytes),
    since28: true,
  },
  'zstd of several frames, one to be skipped': {
    mediaType: MEDIA.ociLayerZstd,
    pack: (bytes) => Buffer.concat(cut(bytes).flatMap((part) => [zstdCompressSync(part), skippable])),
    since28: true,
  },
  plain: { mediaType: MEDIA.ociLayer, pack: (bytes) => bytes },
  // Compat: what the bytes are counts, not what they are called.
  'plain, called gzip': { mediaType: MEDIA.ociLayerGzip, pack: (bytes) => bytes },
};

const packed = (bytes: Buffer, pack: (bytes: Buffer) => Buffer, mediaType: string): PackedLayer => ({
  packed: pack(bytes),
  diffId: sha256(bytes),
  mediaType,
});
const bottom = packed(busyboxRootfs(), (bytes) => gzipSync(bytes), MEDIA.ociLayerGzip);

async function pulled(layers: PackedLayer[]): Promise<string> {
  const { docker, registry } = await engine();
  const name = uniqueName('formats');
  await push(registry.address, name, 'latest', packedImage(layers, {}));
  await docker.ok(['pull', '-q', `${registry.address}/${name}`], { timeout: 60_000 });
  return `${registry.address}/${name}`;
}

describe('docker pull of a layer', () => {
  for (const [name, { mediaType, pack, since28 }] of Object.entries(FORMATS)) {
    test.skipIf(ENGINE === 'docker' && since28 === true)(name, async () => {
      const { docker } = await engine();
      const noise = randomBytes(400_000);
      const layer = tar([
        { name: 'noise', content: noise },
        { name: 'last', content: name },
      ]);
      const image = await pulled([bottom, packed(layer, pack, mediaType)]);
      const text = await docker.ok(['run', '--rm', image, 'sh', '-c', 'sha256sum noise; cat last']);
      expect(text).toBe(`${sha256(noise).slice(7)}  noise\n${name}`);
    });
  }

  test('without members, more than once', async () => {
    const { docker } = await engine();
    const empty = packed(tar([]), (bytes) => gzipSync(bytes), MEDIA.ociLayerGzip);
    const top = packed(
      tar([{ name: 'top', content: 'top' }]),
      (bytes) => gzipSync(bytes),
      MEDIA.ociLayerGzip,
    );
    const image = await pulled([bottom, empty, empty, top, empty]);
    expect(await docker.ok(['run', '--rm', image, 'cat', 'top'])).toBe('top');
    const count = await docker.ok(['inspect', '-f', '{{len .RootFS.Layers}}', image]);
    expect(count).toBe('5');
  });

  // Compat: Docker ends at 125 layers.
  test('above 127 others', async () => {
    const { docker } = await engine();
    const many = Array.from({ length: ENGINE === 'docker' ? 124 : 127 }, (_, n) =>
      packed(tar([{ name: `f${n}`, content: `${n}` }]), (bytes) => gzipSync(bytes), MEDIA.ociLayerGzip),
    );
    const image = await pulled([bottom, ...many]);
    const text = await docker.ok(['run', '--rm', image, 'sh', '-c', 'ls -d f* | wc -l; cat f0']);
    expect(text).toBe(`${many.length}\n0`);
  });
});
