import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD, attachMount, cloneMount, makeReadOnly, mountOverlay, openRoot } from '../../../sys/mod.ts';
import type { Layout } from '../../layout.ts';
import type { OverlayDirectory } from '../overlay-directory.ts';

/** Mounts a layer with those below it, read-only. One alone is no overlay. */
export function mountView(layout: Layout, { link, lower }: OverlayDirectory, target: string): void {
  const all = [`l/${link}`, ...lower];
  if (all.length > 1) {
    mountOverlay({ base: layout.overlay, lower: all, target, volatile: false });
    return;
  }
  const tree = cloneMount(AT_FDCWD, join(layout.overlay, `l/${link}`), false);
  const place = openRoot(target);
  try {
    attachMount(tree, place);
    makeReadOnly(tree, false);
  } finally {
    closeSync(place);
    closeSync(tree);
  }
}
