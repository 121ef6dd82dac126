import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD, attachMount, cloneMount, makeReadOnly, mountOverlay, openRoot } from '../../../sys/mod.ts';
import type { Layout } from '../../layout.ts';
import type { OverlayDirectory } from '../overlay-directory.ts';
import type { MappedLower } from './mapped-lower.ts';

/** Mounts a layer with those below it, read-only, perhaps with mapped owners. One alone is no overlay. */
export function mountView(
  layout: Layout,
  { link, lower }: OverlayDirectory,
  { target, mapping }: { target: string; mapping: MappedLower | undefined },
): void {
  const all = [`l/${link}`, ...lower];
  const mount = (base: string, paths: readonly string[]) => {
    const [first = '', ...more] = paths;
    if (more.length > 0) mountOverlay({ base, lower: paths, target, volatile: false });
    else mountOne(join(base, first), target);
  };
  if (mapping) mapping.using(layout.overlay, all, mount);
  else mount(layout.overlay, all);
}

function mountOne(source: string, target: string): void {
  const tree = cloneMount(AT_FDCWD, source, false);
  const place = openRoot(target);
  try {
    attachMount(tree, place);
    makeReadOnly(tree, false);
  } finally {
    closeSync(place);
    closeSync(tree);
  }
}
