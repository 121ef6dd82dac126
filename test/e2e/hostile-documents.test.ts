/** Registries whose manifests and configurations are too large, too deep, or not what they say. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { blob, MEDIA } from '../fixtures/image.ts';
import { altered, fresh, refused, serving, stopServing } from '../fixtures/serving.ts';

beforeAll(async () => {
  await engine();
});
afterAll(stopServing);

describe('a registry that', () => {
  // Docker 20.10 fetches for more than a minute.
  test.skipIf(ENGINE === 'docker')('has 10,000 layers', async () => {
    const image = altered(fresh(), (manifest) => {
      const [layer] = manifest.layers;
      manifest.layers = Array.from({ length: 10_000 }, () => layer ?? manifest.config);
    });
    const registry = await serving(image);
    await refused(`${registry.address}/victim`, /max depth exceeded|layers from manifest/);
  });

  test('has a configuration of 100 MB', async () => {
    const image = fresh();
    const size = 100 << 20;
    const config = { bytes: Buffer.alloc(size, ' '), digest: '' };
    config.bytes.write('{"a":"');
    config.digest = `sha256:${createHash('sha256').update(config.bytes).digest('hex')}`;
    const big = altered(
      image,
      (manifest) => {
        manifest.config = { ...manifest.config, digest: config.digest, size };
      },
      [config, ...image.blobs.slice(1)],
    );
    const registry = await serving(big);
    await refused(
      `${registry.address}/victim`,
      /image configuration is too large|invalid character|unexpected end/,
    );
    // Its size was declared: not one byte of it was asked for.
    if (ENGINE === 'minke')
      expect(registry.requests.filter((line) => line.includes(config.digest))).toEqual([]);
  });

  const deep = (open: string, close: string) => Buffer.from(open.repeat(100_000) + close.repeat(100_000));
  test.each([
    ['arrays', deep('[', ']')],
    ['objects', deep('{"a":', '}')],
  ])('has a manifest of %s nested 100,000 deep', async (_what, bytes) => {
    const manifest = { bytes, digest: blob(bytes).digest };
    const registry = await serving({ mediaType: MEDIA.ociManifest, manifest, blobs: [], children: [] });
    await refused(
      `${registry.address}/victim`,
      /nested more than 64 levels deep|exceeded max depth|invalid character|cannot unmarshal/,
    );
  });

  test('has a configuration nested 100,000 deep', async () => {
    const config = blob(`{"rootfs":${deep('[', ']').toString()}}`);
    const image = fresh();
    const nested = altered(
      image,
      (manifest) => {
        manifest.config = { ...manifest.config, digest: config.digest, size: config.bytes.length };
      },
      [config, ...image.blobs.slice(1)],
    );
    const registry = await serving(nested);
    await refused(
      `${registry.address}/victim`,
      /nested more than 64 levels deep|exceeded max depth|cannot unmarshal/,
    );
  });

  // Docker 20.10 looks at few of these sizes.
  test.skipIf(ENGINE === 'docker').each([
    ['longer', 100],
    ['shorter', -100],
  ])('declares a layer %s than it is', async (_what, difference) => {
    const image = altered(fresh(), (manifest) => {
      const layer = manifest.layers.at(-1);
      if (layer) layer.size += difference;
    });
    const registry = await serving(image);
    await refused(`${registry.address}/victim`, /manifest declares|unexpected EOF|verification failed/);
  });

  test.skipIf(ENGINE === 'docker')('declares a configuration of another size', async () => {
    const image = altered(fresh(), (manifest) => {
      manifest.config.size += 1;
    });
    const registry = await serving(image);
    await refused(`${registry.address}/victim`, /image config verification failed for digest|unexpected EOF/);
  });

  // Docker 20.10 believes a tag's digest without looking.
  test.skipIf(ENGINE === 'docker')('gives another digest than it declares', async () => {
    const registry = await serving(fresh(), (request, response) => {
      response.setHeader('Docker-Content-Digest', `sha256:${'0'.repeat(64)}`);
      if (!request.url?.includes('/manifests/')) return false;
      const image = fresh();
      response.writeHead(200, {
        'Content-Type': image.mediaType,
        'Content-Length': image.manifest.bytes.length,
      });
      response.end(request.method === 'HEAD' ? undefined : image.manifest.bytes);
      return true;
    });
    await refused(`${registry.address}/victim`, /manifest verification failed for digest sha256:0{64}/);
  });

  test.skipIf(ENGINE === 'docker')('sends a manifest without end', async () => {
    const registry = await serving(fresh(), (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response.writeHead(200, { 'Content-Type': MEDIA.ociManifest });
      if (request.method === 'HEAD') {
        response.end();
        return true;
      }
      const piece = Buffer.alloc(1 << 16, ' ');
      const more = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on('drain', more);
      more();
      return true;
    });
    await refused(`${registry.address}/victim`, /manifest is larger than \d+ bytes|bytes/);
  });
});
