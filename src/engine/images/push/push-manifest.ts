import type { PushedBlob, PushTarget } from '../../../registry/mod.ts';
import { digestOf } from '../../../spec/digest-of.ts';
import { type Descriptor, MEDIA_TYPES } from '../../../spec/oci/image.ts';
import type { StoredImage } from '../../../store/mod.ts';

export interface ManifestPush {
  tag: string;
  image: StoredImage;
  /** The lowest first. */
  layers: readonly Descriptor[];
  /** The repository has the config already. */
  hasConfig: boolean;
}

/**
 * Puts an image's config, unless it is there, and its manifest under the tag; gives the manifest's digest. Compat:
 * schema 2, indented as Docker's, so that the same blobs give the same digest; the config's bytes are the image's, so
 * whoever pulls it gets the same image id.
 */
export async function pushManifest(
  target: PushTarget,
  { tag, image, layers, hasConfig }: ManifestPush,
): Promise<PushedBlob> {
  const { configBytes } = image;
  const config = { mediaType: MEDIA_TYPES.dockerConfig, size: configBytes.length, digest: image.id };
  if (!hasConfig) {
    await target.uploadBlob(async function* () {
      yield configBytes;
      return { digest: image.id, size: configBytes.length };
    });
  }
  const mediaType = MEDIA_TYPES.dockerManifest;
  const described = layers.map(({ mediaType: type, size, digest }) => ({ mediaType: type, size, digest }));
  const manifest = { schemaVersion: 2, mediaType, config, layers: described };
  const bytes = Buffer.from(JSON.stringify(manifest, null, 3));
  await target.putManifest(tag, mediaType, bytes);
  return { digest: digestOf(bytes), size: bytes.length };
}
