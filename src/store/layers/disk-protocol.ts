import type { ResolvedUser } from '../rootfs/rootfs.ts';

/** The calls that the disk thread makes for the main thread: each may take long, none is ours to hurry. */
export type DiskCalls = {
  /** Closes a descriptor that is the last hold on a mount. */
  close: { args: { fd: number }; result: null };
  /** Writes all dirty data of the filesystem of `path` to disk. */
  sync: { args: { path: string }; result: null };
  /** Bytes in a tree, as Docker counts them. */
  usage: { args: { path: string }; result: number };
  /** Joins a staged layer with those below it. */
  join: { args: { directory: string; below: string[] }; result: null };
  /** Who somebody is by the files of a tree, however long these are. */
  lookUpUser: { args: { root: string; user: string; groupAdd: string[] }; result: ResolvedUser };
};
