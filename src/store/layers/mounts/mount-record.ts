import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChainId, isDigest } from '../../../spec/digest.ts';
import type { Layout } from '../../layout.ts';
import { isCacheId, readOptional } from '../overlay-directory.ts';

/** `layerdb/mounts/<container id>`: which directories of `overlay2/` are the container's, and what is below them. */
export interface MountRecord {
  mountId: string;
  initId: string;
  parent?: ChainId;
}

/** Names of the directories that we make: a lost file cannot hide them. Compat: Docker's are random. */
export function ownRecord(containerId: string, parent: ChainId | undefined): MountRecord {
  const ids = { mountId: containerId, initId: `${containerId}-init` };
  return parent === undefined ? ids : { ...ids, parent };
}

/**
 * Undefined if there is none. Crash: after a power cut small files may be empty, or as long as they were and zero; ours
 * can be told without them.
 */
export function readMountRecord(layout: Layout, containerId: string): MountRecord | undefined {
  const record = join(layout.mounts, containerId);
  const mountId = readOptional(join(record, 'mount-id'));
  if (mountId === undefined) return undefined;
  const initId = readOptional(join(record, 'init-id'));
  const parent = readOptional(join(record, 'parent'));
  const own = ownRecord(containerId, parent && isDigest(parent) ? (parent as ChainId) : undefined);
  return {
    ...own,
    ...(isCacheId(mountId) ? { mountId } : {}),
    ...(isCacheId(initId) ? { initId } : {}),
  };
}

/** Writes the record's files into its directory, which is made if it is not there. */
export function writeMountRecord(layout: Layout, containerId: string, record: MountRecord): void {
  const directory = join(layout.mounts, containerId);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeFileSync(join(directory, 'mount-id'), record.mountId, { mode: 0o644 });
  writeFileSync(join(directory, 'init-id'), record.initId, { mode: 0o644 });
  if (record.parent !== undefined) writeFileSync(join(directory, 'parent'), record.parent, { mode: 0o644 });
}
