import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ChainId, type Digest, hexOf } from '../spec/digest.ts';

/** Where everything lies: Docker's layout for overlay2, and what we add to it (names that begin with `.minke`). */
export interface Layout {
  /** Directories of layers and containers, by cache id. */
  overlay: string;
  /** Short links `l/<26 characters>` to their `diff`. */
  links: string;
  /** Layers being staged, and what is being removed. All in here but whole ones is garbage when the store opens. */
  staging: string;
  /** Compressed bytes of blobs that are being staged, by the hex of their digest. */
  spools: string;
  /** One directory for each layer, by chain id. */
  layers: string;
  /** Records of layers that are being made or removed. */
  layersTmp: string;
  /** One directory for each container. */
  mounts: string;
  imageContent: string;
  imageMetadata: string;
  repositories: string;
  diffIdByDigest: string;
  digestsByDiffId: string;
  /** Names of layers that are not synced yet; on a tmpfs, so that it tells whether the machine went down. */
  unsynced: string;
}

/** The paths below a data-root; makes the directories that are missing. */
export function prepareLayout(dataRoot: string, execRoot: string): Layout {
  const image = join(dataRoot, 'image/overlay2');
  const layout: Layout = {
    overlay: join(dataRoot, 'overlay2'),
    links: join(dataRoot, 'overlay2/l'),
    staging: join(dataRoot, 'overlay2/.minke-staging'),
    spools: join(dataRoot, 'overlay2/.minke-spools'),
    layers: join(image, 'layerdb/sha256'),
    layersTmp: join(image, 'layerdb/tmp'),
    mounts: join(image, 'layerdb/mounts'),
    imageContent: join(image, 'imagedb/content/sha256'),
    imageMetadata: join(image, 'imagedb/metadata/sha256'),
    repositories: join(image, 'repositories.json'),
    diffIdByDigest: join(image, 'distribution/diffid-by-digest/sha256'),
    digestsByDiffId: join(image, 'distribution/v2metadata-by-diffid/sha256'),
    unsynced: join(execRoot, 'unsynced'),
  };
  mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
  mkdirSync(layout.overlay, { recursive: true, mode: 0o710 });
  for (const [name, path] of Object.entries(layout)) {
    if (name !== 'repositories') mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  return layout;
}

/** The record directory of a layer. */
export function layerRecordPath(layout: Layout, chainId: ChainId): string {
  return join(layout.layers, hexOf(chainId as Digest));
}
