import type { IdMap } from '../../../spec/id-map.ts';
import type { ByteString } from '../../../spec/tar/mod.ts';
import type { PrivateTree } from '../../../sys/mod.ts';
import type { PathStat } from './locate.ts';
import type { TreeChange } from './tree-changes.ts';
import type { UntarOptions } from './tree-untar.ts';

/** What a worker thread does with trees of files, beside reading them as tars (`open`, `fill`, `close`). */
export type TreeCalls = {
  /** Gives a descriptor of the tree's root; whoever asked closes it. */
  assemble: { args: PrivateTree; result: number };
  /** What is at a path of a tree; with `keep` also a descriptor of it, for who asked to close. */
  locate: { args: { tree: number; path: string; keep: boolean }; result: FoundPath };
  /** Looks whether and where an archive may be unpacked. */
  destination: { args: { tree: number; path: string }; result: UntarDestination };
  /** Begins to unpack an archive under `untar`, a number of the caller's. */
  untar: { args: { untar: number; options: UntarOptions }; result: null };
  /** The next `length` bytes of the archive, plain or compressed by gzip or zstd; gives the buffer back. */
  pour: { args: { untar: number; buffer: ArrayBuffer; length: number }; result: { buffer: ArrayBuffer } };
  /** The archive is complete; or, without `whole`, given up. Idempotent. */
  untarred: { args: { untar: number; whole: boolean }; result: null };
  changes: {
    args: { upper: string; lower: readonly string[]; ids?: IdMap | undefined };
    result: TreeChange[];
  };
};

export interface FoundPath {
  stat: PathStat;
  isDirectory: boolean;
  handle: number | undefined;
}

export interface UntarDestination {
  /** Absolute, without links, as the tree says it. */
  path: ByteString;
  isDirectory: boolean;
  /** It is in something mounted, not in the tree's own root. */
  isMounted: boolean;
  isReadOnly: boolean;
}
