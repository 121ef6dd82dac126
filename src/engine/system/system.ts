import type { Filters } from '../filters.ts';
import type { DiskUsage, UsageType } from './disk-usage.ts';

/** Answers of `GET /info` and `GET /version`, newest shape and the fields that older ones saw. */
export interface System {
  /** Spec: Engine API, `SystemInfo`. */
  info(): Promise<Record<string, unknown>>;
  /** Spec: Engine API, `SystemVersion`. */
  version(): Promise<Record<string, unknown>>;
  /** What is on the disk, of the kinds asked for. */
  diskUsage(types: ReadonlySet<UsageType>): Promise<DiskUsage>;
  /** Throws `invalid` for filters that nobody knows. */
  pruneBuildCache(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>;
}

/** The API version of this engine, and the oldest that it serves. */
export const API_VERSION = '1.55';
export const MIN_API_VERSION = '1.24';
