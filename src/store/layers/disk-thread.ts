import { CallPool } from '../../sys/mod.ts';
import type { DiskCalls } from './disk-protocol.ts';

/** One thread for calls that can hang on the disk, in turn; made when first needed, ended when idle. */
export class DiskThread extends CallPool<DiskCalls> {
  constructor() {
    super({ program: 'store/layers/disk-worker.ts', most: 1, descriptors: 32 });
  }
}
