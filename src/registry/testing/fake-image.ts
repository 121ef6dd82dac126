import { createHash } from 'node:crypto';
import type { Digest } from '../../spec/digest.ts';
import { type Descriptor, MEDIA_TYPES } from '../../spec/oci/image.ts';
import type { FakeRequest } from './fake-registry.ts';

/** An image for tests: its documents by the path under which a registry serves them. */
export interface FakeImage {
  manifest: Buffer;
  manifestDigest: Digest;
  config: Buffer;
  layers: { descriptor: Descriptor; bytes: Buffer }[];
  /** Digest → bytes, of everything. */
  blobs: Map<string, Buffer>;
}

export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

export function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

/** Makes an image of these layers; they need not be real ones. */
export function fakeImage(...contents: Uint8Array[]): FakeImage {
  const layers = contents.map((content) => {
    const bytes = Buffer.from(content);
    return { bytes, descriptor: descriptorOf(MEDIA_TYPES.ociLayerGzip, bytes) };
  });
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ bytes }) => sha256(bytes)) },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: descriptorOf(MEDIA_TYPES.ociConfig, config),
      layers: layers.map(({ descriptor }) => descriptor),
    }),
  );
  const all = [manifest, config, ...layers.map(({ bytes }) => bytes)];
  const blobs = new Map(all.map((bytes) => [sha256(bytes) as string, bytes]));
  return { manifest, manifestDigest: sha256(manifest), config, layers, blobs };
}

/** Answers as an honest registry that has `image` as `x:latest` would. */
export function serve(image: FakeImage, request: FakeRequest): void {
  const [, kind, name = ''] = /^\/v2\/x\/(manifests|blobs)\/(.+)$/.exec(request.path) ?? [];
  const bytes = kind === 'manifests' && name === 'latest' ? image.manifest : image.blobs.get(name);
  if (!bytes) {
    const code = kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN';
    const message = kind === 'manifests' ? 'manifest unknown' : 'blob unknown to registry';
    request.reply(404, JSON.stringify({ errors: [{ code, message, detail: {} }] }));
    return;
  }
  const type = kind === 'manifests' ? MEDIA_TYPES.ociManifest : 'application/octet-stream';
  request.reply(200, bytes, { 'content-type': type, 'docker-content-digest': sha256(bytes) });
}
