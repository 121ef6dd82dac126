import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../../layout.ts';
import { type OverlayDirectory, rebuildDirectory } from '../overlay-directory.ts';
import { buildInitLayer, type InitPlan } from './init-layer.ts';
import type { MountRecord } from './mount-record.ts';

/**
 * Writes anew what is needed to mount a container's directories above `base` (undefined: an image without layers), and
 * gives the links of its lower layers. What is in their `diff` stays. Needed where layers were lost and pulled again,
 * for they have new links, and after a power cut, which leaves small files empty that nobody synced. Idempotent.
 */
export function rebuildDirectories(
  layout: Layout,
  { mountId, initId }: MountRecord,
  base: OverlayDirectory | undefined,
  plan: () => InitPlan,
): string[] {
  const below = base ? [`l/${base.link}`, ...base.lower] : [];
  const init = rebuildDirectory(layout, initId, below);
  const initDiff = join(layout.overlay, initId, 'diff');
  if (readdirSync(initDiff).length === 0) buildInitLayer(initDiff, plan());
  return rebuildDirectory(layout, mountId, [`l/${init.link}`, ...below]).lower;
}
