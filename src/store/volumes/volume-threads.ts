import { CallPool } from '../../sys/mod.ts';
import type { VolumeCalls } from './volume-calls.ts';

/** So many may hang before one waits for another. */
const MOST = 8;

/**
 * Threads for calls that take as long as a copy, or as a server of files, does; made when first needed, ended when
 * idle. Why not the disk thread: one mount that hangs would hold up what all containers wait for.
 */
export class VolumeThreads extends CallPool<VolumeCalls> {
  constructor() {
    super({ program: 'store/volumes/volume-worker.ts', most: MOST, descriptors: 32 });
  }
}
