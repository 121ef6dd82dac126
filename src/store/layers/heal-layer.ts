import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../../base/mod.ts';
import { type Layout, layerRecordPath } from '../layout.ts';
import { UNSYNCED } from './layer-db.ts';
import type { Layer, StagedLayer } from './layer-store.ts';

/**
 * Puts the files of a staged and joined layer in the place of those of the same layer that are damaged. Its name, its
 * short link and so all that stands on it stay as they are. A container that runs on it has the old files until its
 * next start, so they are removed at the daemon's. Crash: between the renames the layer has no files, and is skipped by
 * the next start with what stands on it; a pull then brings them back.
 */
export function healLayer(layout: Layout, layer: Layer, staged: StagedLayer): void {
  const record = layerRecordPath(layout, layer.chainId);
  const diff = join(layout.overlay, layer.cacheId, 'diff');
  writeFileSync(join(record, UNSYNCED), '', { mode: 0o644 });
  if (existsSync(diff)) renameSync(diff, join(layout.staging, `damaged-${newId()}`));
  renameSync(join(staged.directory, 'diff'), diff);
  renameSync(join(staged.directory, 'tar-split.json.gz'), join(record, 'tar-split.json.gz'));
}
