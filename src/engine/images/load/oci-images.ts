import { EngineError } from '../../../base/mod.ts';
import type { Digest } from '../../../spec/digest.ts';
import { digestOf } from '../../../spec/digest-of.ts';
import { chooseManifest, isAttestation } from '../../../spec/oci/choose-manifest.ts';
import type { Descriptor, Index, Manifest } from '../../../spec/oci/image.ts';
import {
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  parseManifestDocument,
} from '../../../spec/oci/parse-image.ts';
import type { Platform } from '../../../spec/platform.ts';
import { parseReference } from '../../../spec/reference.ts';
import type { ImageArchive } from '../../../store/mod.ts';
import type { ArchivedImage } from './load.ts';

export const OCI_INDEX = 'index.json';

/** Deeper than any index in an index is. */
const MAX_DEPTH = 8;
const IMAGE_NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * The images of an OCI layout: each entry of `index.json` is one, for an entry that is an index the image in it that
 * serves `platform` (this machine's unless one is asked for). Everything is checked against its digest.
 * Spec: OCI image spec, image-layout.md.
 */
export function* ociImages(archive: ImageArchive, platform: Platform | undefined): Generator<ArchivedImage> {
  const bytes = archive.document(OCI_INDEX, OCI_INDEX, MAX_MANIFEST_BYTES);
  if (!bytes) throw new EngineError('invalid', `invalid archive: does not contain a ${OCI_INDEX}`);
  const document = parseManifestDocument(bytes);
  if (document.kind !== 'index') throw new EngineError('corrupt', `invalid ${OCI_INDEX}: it is no index`);
  for (const entry of document.index.manifests) {
    if (isAttestation(entry)) continue;
    const manifest = resolve(archive, entry, platform, 0);
    yield {
      configBytes: blob(archive, manifest.config, 'image configuration', MAX_CONFIG_BYTES),
      layers: manifest.layers.map(({ digest }) => ({ path: pathOf(digest), digest })),
      names: namesOf(entry),
    };
  }
}

function resolve(
  archive: ImageArchive,
  entry: Descriptor,
  platform: Platform | undefined,
  depth: number,
): Manifest {
  if (depth > MAX_DEPTH) throw new EngineError('corrupt', 'image indexes are nested too deep');
  const bytes = blob(archive, entry, 'manifest', MAX_MANIFEST_BYTES);
  const document = parseManifestDocument(bytes, entry.mediaType || undefined);
  if (document.kind === 'manifest') return document.manifest;
  return resolve(archive, choose(document.index, platform), platform, depth + 1);
}

/** Compat: where nobody asked for a platform and there is one image only, that is meant, whatever its platform. */
function choose(index: Index, platform: Platform | undefined): Descriptor {
  const images = index.manifests.filter((entry) => !isAttestation(entry));
  const [only, ...others] = images;
  if (only && others.length === 0 && !platform) return only;
  return chooseManifest(index, platform);
}

/** The bytes behind a descriptor. Throws `corrupt` if they are not what it says. */
function blob(archive: ImageArchive, descriptor: Descriptor, what: string, maxBytes: number): Buffer {
  const bytes = archive.document(pathOf(descriptor.digest), what, maxBytes);
  if (!bytes) {
    throw new EngineError('invalid', `content digest ${descriptor.digest}: not found`);
  }
  const digest = digestOf(bytes);
  if (digest === descriptor.digest && bytes.length === descriptor.size) return bytes;
  throw new EngineError(
    'corrupt',
    `${what} ${descriptor.digest} of ${descriptor.size} bytes is not in the archive: what is has digest ${digest} and ${bytes.length} bytes`,
  );
}

function pathOf(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/**
 * Compat: containerd's annotation has the whole name. Spec: `org.opencontainers.image.ref.name` may be a mere tag, by
 * which an image cannot be named; skopeo and podman write a whole name there.
 */
function namesOf({ annotations }: Descriptor): string[] {
  const name = annotations?.[IMAGE_NAME];
  if (name !== undefined) return [name];
  const ref = annotations?.[REF_NAME];
  if (ref === undefined || !isWholeName(ref)) return [];
  return [ref];
}

function isWholeName(text: string): boolean {
  if (!/[:/]/.test(text)) return false;
  try {
    return parseReference(text).tag !== undefined;
  } catch {
    return false;
  }
}
