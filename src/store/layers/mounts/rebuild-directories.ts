import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../../layout.ts';
import { newLinkName, type OverlayDirectory, publishLink, readOptional } from '../overlay-directory.ts';
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
  const init = rebuild(layout, initId, below);
  const initDiff = join(layout.overlay, initId, 'diff');
  if (readdirSync(initDiff).length === 0) buildInitLayer(initDiff, plan());
  const lower = [`l/${init}`, ...below];
  rebuild(layout, mountId, lower);
  return lower;
}

/** Gives the directory's short link. */
function rebuild(layout: Layout, cacheId: string, lower: readonly string[]): string {
  const path = join(layout.overlay, cacheId);
  mkdirSync(join(path, 'diff'), { recursive: true, mode: 0o755 });
  mkdirSync(join(path, 'work'), { recursive: true, mode: 0o700 });
  writeFileSync(join(path, 'lower'), lower.join(':'), { mode: 0o644 });
  const known = readOptional(join(path, 'link')) ?? '';
  const link = known === '' ? newLinkName() : known;
  if (link !== known) writeFileSync(join(path, 'link'), link, { mode: 0o644 });
  if (statSync(join(layout.links, link), { throwIfNoEntry: false }) === undefined) {
    rmSync(join(layout.links, link), { force: true });
    publishLink(layout, { cacheId, link, lower: [...lower] });
  }
  return link;
}
