import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Layout, layerRecordPath } from '../layout.ts';
import { OURS } from './layer-db.ts';
import type { Layer } from './layer-store.ts';

/** So long a layer that a crash left without an image is kept, for the pull that goes on from there. */
export const LEFTOVER_MS = 60 * 60_000;

/**
 * True for a layer that is old enough and of our own making. Compat: Docker's BuildKit has layers in the layerdb that
 * no image names, so those that Docker wrote are nobody's garbage.
 */
export function isLeftover(layout: Layout, layer: Layer, now: number): boolean {
  const record = layerRecordPath(layout, layer.chainId);
  if (!existsSync(join(record, OURS))) return false;
  const stat = statSync(record, { throwIfNoEntry: false });
  return stat !== undefined && now - stat.mtimeMs >= LEFTOVER_MS;
}
