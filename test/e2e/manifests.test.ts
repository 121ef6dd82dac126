import { afterAll, describe, expect, test } from 'bun:test';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { HostileRegistry } from '../fixtures/hostile-registry.ts';
import { type Blob, blob, buildImage, type ImageData, imageId, MEDIA, push } from '../fixtures/image.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

const HERE = process.arch === 'x64' ? 'amd64' : process.arch;
const started: HostileRegistry[] = [];

afterAll(async () => {
  for (const registry of started) await registry.stop();
});

interface Entry {
  image: ImageData;
  platform?: { os: string; architecture: string; variant?: string };
  annotations?: Record<string, string>;
}

/** An index with these entries, in this order. */
function indexOf(entries: Entry[]): ImageData {
  const manifests = entries.map(({ image, platform, annotations }) => ({
    mediaType: image.mediaType,
    digest: image.manifest.digest,
    size: image.manifest.bytes.length,
    ...(platform && { platform }),
    ...(annotations && { annotations }),
  }));
  const manifest = blob(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }));
  return { mediaType: MEDIA.ociIndex, manifest, blobs: [], children: entries.map(({ image }) => image) };
}

/** A document that docker-registry would not take, served by a registry that does not look. */
async function served(mediaType: string, document: object, blobs: Blob[] = []): Promise<string> {
  const image = { mediaType, manifest: blob(JSON.stringify(document)), blobs, children: [] };
  const registry = await HostileRegistry.start({ odd: image });
  started.push(registry);
  return `${registry.address}/odd`;
}

const forArm = (variant: string) =>
  buildImage({ layers: [tar([{ name: `arm-${variant}` }])], architecture: 'arm' });
const descriptorOf = (part: Blob, mediaType: string) => ({
  mediaType,
  digest: part.digest,
  size: part.bytes.length,
});

describe('an index', () => {
  const v6 = forArm('v6');
  const v7 = forArm('v7');
  const arm64 = buildImage({ layers: [tar([{ name: 'arm64' }])], architecture: 'arm64' });
  const s390x = buildImage({ layers: [tar([{ name: 's390x' }])], architecture: 's390x' });
  const index = indexOf([
    { image: v6, platform: { os: 'linux', architecture: 'arm', variant: 'v6' } },
    { image: s390x, platform: { os: 'linux', architecture: 's390x' } },
    { image: v7, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
    { image: arm64, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
  ]);

  test.each<[string, ImageData]>([
    ['linux/arm/v7', v7],
    ['linux/arm', v7],
    ['linux/arm/v6', v6],
    // Compat: Docker 20.10 takes v6 for v8, and something for v5; 28 is as here.
    ...(ENGINE === 'docker' ? [] : [['linux/arm/v8', v7] as [string, ImageData]]),
    ['linux/arm64', arm64],
    ['linux/arm64/v8', arm64],
    ['linux/s390x', s390x],
  ])('gives for --platform %s what runs best there', async (platform, image) => {
    const { docker, registry } = await engine();
    const name = uniqueName('variants');
    await push(registry.address, name, 'latest', index);
    const reference = `${registry.address}/${name}`;
    await docker.ok(['pull', '-q', '--platform', platform, reference]);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Id}}', reference])).toBe(imageId(image));
    await docker.ok(['rmi', '-f', reference]);
  });

  const absent = ['linux/ppc64le', 'windows/amd64', ...(ENGINE === 'docker' ? [] : ['linux/arm/v5'])];
  test.each(absent)('has nothing for %s', async (platform) => {
    const { docker, registry } = await engine();
    const name = uniqueName('variants');
    await push(registry.address, name, 'latest', index);
    const result = await docker.run(['pull', '--platform', platform, `${registry.address}/${name}`]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /no matching manifest for .* in the manifest list entries|cannot be used on this platform|only supported on|not supported/,
    );
  });

  test('is not served by its attestations', async () => {
    const { docker, registry } = await engine();
    const image = buildImage({ layers: [busyboxRootfs(), tar([{ name: 'attested' }])] });
    const attestation = buildImage({ layers: [tar([{ name: 'in-toto' }])], architecture: 'unknown' });
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': image.manifest.digest,
    };
    const name = uniqueName('attested');
    const nobody = { os: 'unknown', architecture: 'unknown' };
    const entries = [{ image: attestation, platform: nobody, annotations }];
    const here = { image, platform: { os: 'linux', architecture: HERE } };
    await push(registry.address, name, 'both', indexOf([...entries, here]));
    await docker.ok(['pull', '-q', `${registry.address}/${name}:both`]);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Id}}', `${registry.address}/${name}:both`])).toBe(
      imageId(image),
    );
    await push(registry.address, name, 'alone', indexOf(entries));
    const alone = await docker.run(['pull', `${registry.address}/${name}:alone`]);
    expect(alone.stderr).toMatch(/no matching manifest for linux\/.* in the manifest list entries/);
  });
});

describe('a manifest', () => {
  const helm = 'application/vnd.cncf.helm.config.v1+json';
  const empty = 'application/vnd.oci.empty.v1+json';
  const plugin = 'application/vnd.docker.plugin.v1+json';
  test.each([
    [MEDIA.ociManifest, helm, `unsupported media type ${helm}`],
    [MEDIA.ociManifest, empty, `unsupported media type ${empty}`],
    [MEDIA.dockerManifest, helm, `Encountered remote "${helm}"(unknown) when fetching`],
    [MEDIA.dockerManifest, plugin, `Encountered remote "${plugin}"(plugin) when fetching`],
  ])('(%s) whose config is %s is no image', async (mediaType, type, sentence) => {
    const { docker } = await engine();
    const config = blob('{}');
    const layer = blob('a chart');
    const reference = await served(
      mediaType,
      {
        schemaVersion: 2,
        mediaType,
        config: descriptorOf(config, type),
        layers: [descriptorOf(layer, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')],
      },
      [config, layer],
    );
    const result = await docker.run(['pull', reference]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`${sentence}\n`);
    expect((await docker.run(['image', 'inspect', reference])).code).toBe(1);
  });

  test('with a foreign layer gets it from the registry, and asks none of its URLs', async () => {
    const { docker } = await engine();
    const image = buildImage({
      layers: [busyboxRootfs(), tar([{ name: uniqueName('foreign') }])],
      format: 'docker',
    });
    const elsewhere = await HostileRegistry.start({});
    started.push(elsewhere);
    const manifest = JSON.parse(image.manifest.bytes.toString()) as { layers: Record<string, unknown>[] };
    Object.assign(manifest.layers[1] ?? {}, {
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      urls: [`http://${elsewhere.address}/layer`],
    });
    const reference = await served(MEDIA.dockerManifest, manifest, image.blobs);
    expect(await docker.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
    expect(elsewhere.requests).toEqual([]);
    await docker.ok(['rmi', '-f', reference]);
  });

  // Docker 20.10 still takes the first, and has other words for the rest or none.
  test.skipIf(ENGINE === 'docker')('of schema 1 is refused as Docker 28 does', async () => {
    const { docker } = await engine();
    const type = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    const reference = await served(type, {
      schemaVersion: 1,
      name: 'odd',
      tag: 'latest',
      architecture: HERE,
      fsLayers: [],
      history: [],
      signatures: [],
    });
    const result = await docker.run(['pull', reference]);
    expect(result.code).toBe(1);
    expect(result.stderr).toBe(
      `Error response from daemon: Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of ${reference}:latest to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/\n`,
    );
  });

  const image = buildImage({ layers: [busyboxRootfs()] });
  const asManifest = JSON.parse(image.manifest.bytes.toString()) as Record<string, unknown>;
  const asIndex = {
    manifests: [
      { ...descriptorOf(image.manifest, image.mediaType), platform: { os: 'linux', architecture: HERE } },
    ],
  };
  const confused: [string, string, object, RegExp][] = [
    [
      'that is an index as well',
      MEDIA.ociManifest,
      { ...asManifest, ...asIndex },
      /manifest is both an image and an index/,
    ],
    [
      'that is an index by its header',
      MEDIA.ociIndex,
      asManifest,
      /manifest does not match its media type application\/vnd.oci.image.index/,
    ],
    [
      'that is an index by its own word',
      MEDIA.ociManifest,
      { ...asManifest, mediaType: MEDIA.ociIndex },
      /manifest does not match its media type application\/vnd.oci.image.index/,
    ],
    [
      'that is an index in fact',
      MEDIA.ociManifest,
      { schemaVersion: 2, ...asIndex },
      /does not match its media type/,
    ],
    [
      'with a layer of an unknown kind',
      MEDIA.ociManifest,
      { ...asManifest, layers: [{ ...descriptorOf(image.blobs[1] ?? blob(''), 'text/plain') }] },
      /unsupported media type text\/plain/,
    ],
    ['that is empty', MEDIA.ociManifest, {}, /invalid manifest/],
  ];
  test.skipIf(ENGINE === 'docker').each(confused)(
    '%s is refused',
    async (_what, type, document, sentence) => {
      const { docker } = await engine();
      const reference = await served(type, document, image.blobs);
      const result = await docker.run(['pull', reference]);
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(sentence);
      expect((await docker.run(['image', 'inspect', reference])).code).toBe(1);
    },
  );

  test('in an index that leads to another index is refused', async () => {
    const { docker } = await engine();
    const inner = indexOf([{ image, platform: { os: 'linux', architecture: HERE } }]);
    const outer = indexOf([{ image: inner, platform: { os: 'linux', architecture: HERE } }]);
    const registry = await HostileRegistry.start({ odd: outer });
    started.push(registry);
    const result = await docker.run(['pull', `${registry.address}/odd`]);
    expect(result.code).toBe(1);
    expect(result.stderr.trim()).not.toBe('');
  });
});
