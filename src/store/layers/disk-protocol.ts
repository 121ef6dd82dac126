/** The calls that the disk thread makes for the main thread: each may take long, none is ours to hurry. */
export interface DiskCalls {
  /** Closes a descriptor that is the last hold on a mount. */
  close: { args: { fd: number }; result: null };
  /** Writes all dirty data of the filesystem of `path` to disk. */
  sync: { args: { path: string }; result: null };
  /** Bytes in a tree, as Docker counts them. */
  usage: { args: { path: string }; result: number };
  /** Removes a tree with all in it. */
  remove: { args: { path: string }; result: null };
  /** Joins a staged layer with those below it. */
  join: { args: { directory: string; below: string[] }; result: null };
  /** Copies the content of one directory into another, with all attributes. Both are descriptors. */
  copyTree: { args: { from: number; to: number }; result: null };
}

export type DiskCall = keyof DiskCalls;

export type DiskRequest =
  | { [K in DiskCall]: { id: number; call: K; args: DiskCalls[K]['args'] } }[DiskCall]
  | { id: 0; call: 'quit' };

export type DiskAnswer = { id: number; result: unknown } | { id: number; error: string; code?: string };
