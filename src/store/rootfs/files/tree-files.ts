import type { IdMap } from '../../../spec/id-map.ts';
import type { ByteString } from '../../../spec/tar/mod.ts';
import type { PrivateTree } from '../../../sys/mod.ts';
import type { FoundPath, UntarDestination } from './tree-calls.ts';
import type { TreeChange } from './tree-changes.ts';

/**
 * Files of containers, as they are seen inside: looked at, archived, unpacked, compared. All of it is done on worker
 * threads, beneath the tree's root, with the links of whoever is hostile in there; nothing of the tree is ever run.
 * With `ids`, owners on disk are those that a user namespace of this map has, and archives say who they are inside.
 */
export interface TreeFiles {
  /** A tree with mounts of its own. Dispose of it: then nothing of it is left. */
  open(tree: PrivateTree, options?: { ids?: IdMap | undefined }): Promise<OpenTree>;
  /**
   * What the upper directory of an overlay changes, as an archive with whiteouts: the tar of a layer. Each piece is valid
   * until the next one is asked for.
   */
  layerTar(
    upper: string,
    options?: { signal?: AbortSignal; ids?: IdMap | undefined },
  ): AsyncGenerator<Uint8Array, void, void>;
  /** What the upper directory of an overlay changes of the layers below it, the uppermost first. */
  changes(upper: string, lower: readonly string[], ids?: IdMap): Promise<TreeChange[]>;
}

export interface OpenTree extends AsyncDisposable {
  /** What is at `path`; a link is not followed, unless a slash or `/.` follows. `not-found`, `invalid`. */
  stat(path: string): Promise<FoundPath['stat']>;
  /** As `stat`, and its tar, with names that begin with the last component of `path`. Pieces as in `layerTar`. */
  tar(path: string, options?: { signal?: AbortSignal }): Promise<TreeArchive>;
  /** The whole tree, without a name for its root. */
  export(options?: { signal?: AbortSignal }): AsyncGenerator<Uint8Array, void, void>;
  /** Where an archive for `path` would be unpacked, links followed. */
  destination(path: string): Promise<UntarDestination>;
  /** Unpacks a tar, compressed as Docker takes it. `owner`: whose everything becomes. */
  untar(
    source: AsyncIterable<Uint8Array>,
    options: { path: ByteString; keepKinds: boolean; owner?: { uid: number; gid: number } },
  ): Promise<void>;
}

/** Dispose of it, whether or not it was read. */
export interface TreeArchive extends AsyncDisposable {
  stat: FoundPath['stat'];
  bytes: AsyncGenerator<Uint8Array, void, void>;
}
