import { type ChainId, type DiffId, type Digest, hexOf, type ImageId } from '../../../spec/digest.ts';
import { digestOf } from '../../../spec/digest-of.ts';
import { type Descriptor, MEDIA_TYPES } from '../../../spec/oci/image.ts';
import { canonicalName, familiarName, familiarRepository, type Reference } from '../../../spec/reference.ts';

/** A layer as it goes into an archive: its tar, under its diffID. */
export interface PlannedLayer {
  diffId: DiffId;
  chainId: ChainId;
  /** Bytes of its tar. */
  size: number;
}

export interface PlannedImage {
  id: ImageId;
  configBytes: Uint8Array;
  /** Seconds since 1970. */
  created: number;
  tags: Reference[];
  /** Bottom first, at least one. */
  layers: PlannedLayer[];
  /** The image it was made from, if that is in the archive too. */
  parent: ImageId | undefined;
}

/** One member of the archive, in order. */
export interface PlannedMember {
  name: string;
  /** Seconds since 1970. */
  mtime: number;
  content:
    | { kind: 'directory' }
    | { kind: 'bytes'; bytes: Uint8Array }
    | { kind: 'layer'; layer: PlannedLayer };
}

const BLOBS = 'blobs/sha256/';

/**
 * The members of a `docker save` archive: an OCI layout (`oci-layout`, `index.json`, `blobs/`) that is a docker-archive
 * too (`manifest.json`, `repositories`), sorted by name. Pure. Compat: moby 28 `tarexport/save.go`, without the
 * configs for Docker before 1.10 that it adds for each layer and that nothing in the archive names.
 */
export function planArchive(images: readonly PlannedImage[]): PlannedMember[] {
  const members = new Map<string, PlannedMember>();
  const put = (name: string, mtime: number, content: PlannedMember['content']): void => {
    if (!members.has(name)) members.set(name, { name, mtime, content });
  };
  const file = (name: string, text: string) => put(name, 0, bytes(Buffer.from(text)));
  const latest = images.at(-1)?.created ?? 0;
  if (images.length > 0) {
    put('blobs/', latest, { kind: 'directory' });
    put(BLOBS, latest, { kind: 'directory' });
  }
  const manifests = images.map((image) => {
    put(blobName(image.id), image.created, bytes(image.configBytes));
    for (const layer of image.layers) put(blobName(layer.diffId), image.created, { kind: 'layer', layer });
    const manifest = Buffer.from(JSON.stringify(manifestOf(image)));
    const descriptor = describe(MEDIA_TYPES.ociManifest, digestOf(manifest), manifest.length);
    put(blobName(descriptor.digest), 0, bytes(manifest));
    return { image, descriptor };
  });
  const entries = manifests.flatMap(({ image, descriptor }) =>
    image.tags.length === 0 ? [descriptor] : image.tags.map((tag) => withName(descriptor, tag)),
  );
  file('index.json', json({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: entries }));
  file('manifest.json', `${json(images.map(itemOf))}\n`);
  file('oci-layout', '{"imageLayoutVersion": "1.0.0"}');
  const repositories = repositoriesOf(images);
  if (Object.keys(repositories).length > 0) file('repositories', `${json(repositories)}\n`);
  return [...members.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function manifestOf({ id, configBytes, layers }: PlannedImage) {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: describe(MEDIA_TYPES.ociConfig, id, configBytes.length),
    layers: layers.map(({ diffId, size }) => describe(MEDIA_TYPES.ociLayer, diffId, size)),
  };
}

/** An entry of `manifest.json`. */
function itemOf(image: PlannedImage) {
  const sources = [...new Map(image.layers.map((layer) => [layer.diffId, layer])).values()]
    .sort((a, b) => (a.diffId < b.diffId ? -1 : 1))
    .map(({ diffId, size }) => [diffId, { mediaType: MEDIA_TYPES.ociLayer, size, digest: diffId }]);
  return {
    Config: blobName(image.id),
    RepoTags: image.tags.length === 0 ? null : image.tags.map(familiarName),
    Layers: image.layers.map(({ diffId }) => blobName(diffId)),
    ...(image.parent ? { Parent: image.parent } : {}),
    LayerSources: Object.fromEntries(sources),
  };
}

/** What Docker before 1.10 read: repository → tag → the name of the uppermost layer. */
function repositoriesOf(images: readonly PlannedImage[]): Record<string, Record<string, string>> {
  const pairs = images.flatMap(({ tags, layers }) =>
    tags.map((tag) => ({ tag, layer: hexOf(layers.at(-1)?.diffId as Digest) })),
  );
  const repositories: Record<string, Record<string, string>> = {};
  for (const { tag, layer } of pairs.sort((a, b) => (familiarName(a.tag) < familiarName(b.tag) ? -1 : 1))) {
    const repository = familiarRepository(tag);
    repositories[repository] = { ...repositories[repository], [tag.tag ?? '']: layer };
  }
  return repositories;
}

function withName(descriptor: Descriptor, tag: Reference): Descriptor {
  const annotations = {
    'io.containerd.image.name': canonicalName(tag),
    'org.opencontainers.image.ref.name': tag.tag ?? '',
  };
  return { ...descriptor, annotations };
}

function blobName(digest: Digest): string {
  return BLOBS + hexOf(digest);
}

function describe(mediaType: string, digest: Digest, size: number): Descriptor {
  return { mediaType, digest, size };
}

function bytes(content: Uint8Array): PlannedMember['content'] {
  return { kind: 'bytes', bytes: content };
}

/** Compat: Go's encoder escapes these three. */
function json(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
