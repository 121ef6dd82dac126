import { availableParallelism } from 'node:os';
import { CallPool } from '../../../sys/mod.ts';
import type { ExportCalls } from './protocol.ts';

/** A thread has a tar-split, a file and two directories open for each tar. */
const DESCRIPTORS = 64;

/** As many export threads as there are cores. */
export class ExportPool extends CallPool<ExportCalls> {
  constructor() {
    super({
      program: 'store/layers/export/export-worker.ts',
      most: availableParallelism(),
      descriptors: DESCRIPTORS,
    });
  }
}

/** One of the pool's threads. */
export type ExporterThread = ReturnType<ExportPool['pick']>;
