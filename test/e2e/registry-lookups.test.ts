import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { busyboxImage, busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { blob, buildImage, buildIndex, type ImageData, MEDIA, push } from '../fixtures/image.ts';
import { uniqueName } from '../fixtures/names.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';

const HERE = process.arch === 'x64' ? 'amd64' : process.arch;
let guarded: Registry;

beforeAll(async () => {
  guarded = await Registry.start({ users: { ann: 'secret' } });
  await push(guarded.address, 'app', 'latest', busyboxImage(), {
    authorization: `Basic ${btoa('ann:secret')}`,
  });
}, 60_000);

afterAll(async () => {
  await guarded?.stop();
});

async function pushed(image: ImageData): Promise<string> {
  const { registry } = await engine();
  const name = uniqueName('look');
  await push(registry.address, name, 'v1', image);
  return `${registry.address}/${name}`;
}

describe('GET /distribution/{name}/json', () => {
  const single = buildImage({ layers: [busyboxRootfs()], format: 'docker' });
  const other = buildImage({ layers: [tar([{ name: 'x' }])], architecture: 's390x', format: 'docker' });
  const both = buildIndex(
    [
      { image: single, architecture: HERE },
      { image: other, architecture: 's390x' },
    ],
    'docker',
  );

  test('tells digest, size and platform of an image', async () => {
    const { daemon } = await engine();
    const reference = await pushed(single);
    const answer = await daemon.api.get(`/distribution/${reference}:v1/json`);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      Descriptor: {
        mediaType: MEDIA.dockerManifest,
        digest: single.manifest.digest,
        size: single.manifest.bytes.length,
      },
      Platforms: [{ architecture: HERE, os: 'linux' }],
    });
    const byDigest = await daemon.api.get(`/distribution/${reference}@${single.manifest.digest}/json`);
    expect(byDigest.json()).toEqual(answer.json());
  });

  test('tells all platforms of a manifest list', async () => {
    const { daemon } = await engine();
    const answer = await daemon.api.get(`/v1.41/distribution/${await pushed(both)}:v1/json`);
    expect(answer.json()).toEqual({
      Descriptor: {
        mediaType: MEDIA.dockerList,
        digest: both.manifest.digest,
        size: both.manifest.bytes.length,
      },
      Platforms: [
        { architecture: HERE, os: 'linux' },
        { architecture: 's390x', os: 'linux' },
      ],
    });
  });

  test('says what is unknown, refused or no name', async () => {
    const { daemon } = await engine();
    const reference = await pushed(single);
    const ask = async (name: string, headers: Record<string, string> = {}) => {
      const answer = await daemon.api.get(`/distribution/${name}/json`, { headers });
      return [answer.status, answer.status === 200 ? '' : answer.json()['message']];
    };
    expect(await ask(`${reference}:none`)).toEqual([404, 'manifest unknown: manifest unknown']);
    expect(await ask('UPPER')).toEqual([
      400,
      'invalid reference format: repository name (library/UPPER) must be lowercase'.replace(
        ENGINE === 'docker' ? ' (library/UPPER)' : /$^/,
        '',
      ),
    ]);
    expect(await ask('a'.repeat(64))).toEqual([500, 'no manifest found for full image ID']);
    const [status, message] = await ask(`${guarded.address}/app`);
    expect(status).toBe(500);
    expect(message).toContain('no basic auth credentials');
    const auth = (password: string) => ({
      'X-Registry-Auth': btoa(JSON.stringify({ username: 'ann', password })),
    });
    expect(await ask(`${guarded.address}/app`, auth('secret'))).toEqual([200, '']);
    const refused = await ask(`${guarded.address}/app`, auth('wrong'));
    expect(refused).toEqual([401, 'unauthorized: authentication required']);
  });
});

// New in API 1.55.
describe.skipIf(ENGINE === 'docker')('GET /images/{name}/attestations', () => {
  const statement = blob(
    '{ "predicateType": "https://slsa.dev/provenance/v0.2", "big": 12345678901234567890, "_type": "https://in-toto.io/Statement/v0.1" }',
  );
  const other = blob('{"predicateType":"https://spdx.dev/Document"}');

  /** An index as BuildKit writes it. */
  function attested(): ImageData {
    const image = buildImage({ layers: [busyboxRootfs(), tar([{ name: 'attested' }])] });
    const config = blob('{"os":"unknown","architecture":"unknown","rootfs":{"type":"layers","diff_ids":[]}}');
    const layer = (part: { bytes: Buffer; digest: string }, type: string) => ({
      mediaType: 'application/vnd.in-toto+json',
      digest: part.digest,
      size: part.bytes.length,
      annotations: { 'in-toto.io/predicate-type': type },
    });
    const manifest = blob(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA.ociManifest,
        config: { mediaType: MEDIA.ociConfig, digest: config.digest, size: config.bytes.length },
        layers: [
          layer(statement, 'https://slsa.dev/provenance/v0.2'),
          layer(other, 'https://spdx.dev/Document'),
        ],
      }),
    );
    const attestation: ImageData = {
      mediaType: MEDIA.ociManifest,
      manifest,
      blobs: [config, statement, other],
      children: [],
    };
    const index = blob(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA.ociIndex,
        manifests: [
          {
            mediaType: MEDIA.ociManifest,
            digest: manifest.digest,
            size: manifest.bytes.length,
            annotations: {
              'vnd.docker.reference.type': 'attestation-manifest',
              'vnd.docker.reference.digest': image.manifest.digest,
            },
            platform: { architecture: 'unknown', os: 'unknown' },
          },
          {
            mediaType: MEDIA.ociManifest,
            digest: image.manifest.digest,
            size: image.manifest.bytes.length,
            platform: { architecture: HERE, os: 'linux' },
          },
        ],
      }),
    );
    return { mediaType: MEDIA.ociIndex, manifest: index, blobs: [], children: [image, attestation] };
  }

  test('gives the statements of the platform’s image, verbatim if asked', async () => {
    const { daemon, docker } = await engine();
    const reference = `${await pushed(attested())}:v1`;
    // The attestation itself is no image for anybody.
    await docker.ok(['pull', '-q', reference]);
    expect(await docker.ok(['run', '--rm', reference, 'ls', '/attested'])).toBe('/attested');
    const path = `/images/${reference}/attestations`;
    const plain = (await daemon.api.get(path)).json<{ PredicateType: string; Statement?: object }[]>();
    expect(plain.map(({ PredicateType }) => PredicateType)).toEqual([
      'https://slsa.dev/provenance/v0.2',
      'https://spdx.dev/Document',
    ]);
    expect(plain[0]).toEqual({
      Descriptor: {
        mediaType: 'application/vnd.in-toto+json',
        digest: statement.digest,
        size: statement.bytes.length,
        annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
      },
      PredicateType: 'https://slsa.dev/provenance/v0.2',
    } as never);
    const one = await daemon.api.get(`${path}?statement=1&type=https://slsa.dev/provenance/v0.2`);
    expect(one.json<unknown[]>()).toHaveLength(1);
    expect(one.text).toContain(`"Statement":${statement.bytes.toString()}}`);
    const absent = await daemon.api.get(
      `${path}?platform=${encodeURIComponent('{"os":"linux","architecture":"s390x"}')}`,
    );
    expect([absent.status, absent.json()['message']]).toEqual([
      404,
      'no matching manifest for linux/s390x in the manifest list entries',
    ]);
    expect((await daemon.api.get(`${path}?platform=linux`)).status).toBe(400);
  });

  test('is empty for an image without any, and not there for older clients', async () => {
    const { daemon, busybox } = await engine();
    const none = await daemon.api.get(`/images/${busybox}/attestations`);
    expect([none.status, none.text]).toEqual([200, '[]\n']);
    expect((await daemon.api.get('/images/nowhere/attestations')).status).toBe(404);
    expect((await daemon.api.get(`/v1.54/images/${busybox}/attestations`)).status).toBe(400);
  });
});
