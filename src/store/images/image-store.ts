import type { ChainId, ImageId } from '../../spec/digest.ts';
import type { ImageConfig } from '../../spec/oci/image.ts';

/** Image configs (`imagedb`) and the names that point at them (`repositories.json`), in Docker's layout. */
export interface ImageStore {
  get(id: ImageId): StoredImage | undefined;
  list(): StoredImage[];
  /** Writes a config, durably; its digest is the id. Idempotent. Retains the image's top layer. */
  put(configBytes: Uint8Array): Promise<StoredImage>;
  /** Removes the record and releases its layers. Names must be gone before. Gives the chain ids that went. */
  remove(id: ImageId): Promise<ChainId[]>;
  /** Full canonical names (`docker.io/library/busybox:latest`, `…@sha256:…`) that point at the image. */
  namesOf(id: ImageId): string[];
  /** What a canonical name points at. */
  lookup(canonicalName: string): ImageId | undefined;
  names(): { name: string; id: ImageId }[];
  /** Points a canonical name at an image, in place of whatever it pointed at. */
  setName(canonicalName: string, id: ImageId): Promise<void>;
  removeName(canonicalName: string): Promise<boolean>;
  /** The image that this one was made from on this machine, if it is still there. */
  parentOf(id: ImageId): ImageId | undefined;
  /** Images that were made from this one. One with children is not removed. */
  childrenOf(id: ImageId): ImageId[];
  /** For builds, commits and archives that say so. Both are there; throws `not-found` otherwise. */
  setParent(id: ImageId, parent: ImageId): Promise<void>;
  /** RFC 3339 time of the last tag (`imagedb/metadata/…/lastUpdated`). */
  lastTagged(id: ImageId): string | undefined;
}

export interface StoredImage {
  id: ImageId;
  config: ImageConfig;
  configBytes: Uint8Array;
  /** Chain id of the top layer; undefined for an image without layers. */
  topLayer: ChainId | undefined;
}
