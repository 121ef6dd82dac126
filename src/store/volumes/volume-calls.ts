import type { Subtree } from '../prepared/open-subtree.ts';
import type { MountCall } from './mount-arguments.ts';

/** What is done with volumes' files off the main thread: their file system may be somebody's server, which hangs. */
export type VolumeCalls = {
  mount: { args: { target: string; calls: MountCall[] }; result: null };
  unmount: { args: { target: string }; result: null };
  /** Copies the content of the directory `from` (a descriptor) into a volume, if that is empty. */
  copyUp: { args: { from: number; volume: string }; result: null };
  /** Bytes in a volume, as Docker counts them. */
  usage: { args: { path: string }; result: number };
  /** What the mount of a volume forbids, as mount(8) calls it. */
  restrictions: { args: { path: string }; result: string[] };
  /** A part of a volume, as a detached mount: its descriptor is the caller's. */
  subtree: { args: { root: string; subpath: string }; result: Subtree };
};
