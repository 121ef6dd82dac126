import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mountFromDirectory } from '../exec/mount-from-directory.ts';
import { mount, mountByParameters } from '../ffi/mount.ts';

/** An overlay to mount. `lower` are directories relative to `base`, the uppermost first; the others are absolute. */
export interface OverlayMount {
  base: string;
  lower: readonly string[];
  /** Without it, the overlay is read-only, and there are at least two lower ones. */
  writable?: { upper: string; work: string };
  target: string;
  /** No sync of the upper layer, ever: for what is thrown away anyway (kernel 5.10). */
  volatile: boolean;
}

/** mount(2) takes one page of options, with the NUL at its end. */
const PAGE = 4096;
let flags: string[] | undefined;

/**
 * Mounts an overlay. Options that fit into a page go through mount(2); longer chains one by one through fsconfig(2)
 * (`lowerdir+`, kernel 6.5); before that in a child, since paths relative to a working directory are the one short
 * form that is left, and the working directory belongs to the whole process.
 */
export function mountOverlay(overlay: OverlayMount): void {
  // Compat: Docker switches the index off where the kernel knows it, or a copied data-root would not mount.
  flags ??= existsSync('/sys/module/overlay/parameters/index') ? ['index=off'] : [];
  const base = [...flags, ...(overlay.volatile ? ['volatile'] : [])];
  const absolute = overlay.lower.map((path) => join(overlay.base, path));
  const plain = options(base, absolute, overlay);
  const { upper = '', work = '' } = overlay.writable ?? {};
  const special = /[,:\\]/.test(`${overlay.base}${upper}${work}`);
  if (!special && Buffer.byteLength(plain) < PAGE) {
    mount('overlay', overlay.target, 'overlay', 0, plain);
    return;
  }
  try {
    mountByParameters('overlay', overlay.target, [
      ['source', 'overlay'],
      ...base.map((flag) => flag.split('=') as [string, string?]),
      ...absolute.map((path) => ['lowerdir+', path] as const),
      ...(overlay.writable
        ? ([
            ['upperdir', upper],
            ['workdir', work],
          ] as const)
        : []),
    ]);
  } catch (error) {
    if (special) throw error;
    const relative = options(base, overlay.lower, overlay);
    mountFromDirectory(overlay.base, overlay.target, relative);
  }
}

function options(flags: string[], lower: readonly string[], { writable }: OverlayMount): string {
  const above = writable ? [`upperdir=${writable.upper}`, `workdir=${writable.work}`] : [];
  return [...flags, `lowerdir=${lower.join(':')}`, ...above].join(',');
}
