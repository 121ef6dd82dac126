import { closeSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { copyAttributes } from '../join.ts';
import { MergedView } from '../merged-view.ts';

/** Compat: what Docker puts between image and container, so that its bind mounts find a place (`initlayer.Setup`). */
const MOUNT_POINTS: readonly (readonly [path: string, kind: 'directory' | 'file' | 'link'])[] = [
  ['.dockerenv', 'file'],
  ['dev/console', 'file'],
  ['dev/pts', 'directory'],
  ['dev/shm', 'directory'],
  ['etc/hostname', 'file'],
  ['etc/hosts', 'file'],
  ['etc/mtab', 'link'],
  ['etc/resolv.conf', 'file'],
  ['proc', 'directory'],
  ['sys', 'directory'],
];
const MTAB_TARGET = '/proc/mounts';

/** One thing to make; `like` tells that the image has this directory, whose attributes the copy takes. */
export interface InitStep {
  kind: 'directory' | 'file' | 'link';
  path: string;
  like: boolean;
}

/**
 * What to make above a stack of layers (pure but for looking at it). Compat: Docker unlinks whatever is no directory
 * on the way, so files are always new and a link at `etc` is replaced.
 */
export function planInitLayer(view: Pick<MergedView, 'lookup'>): InitStep[] {
  const steps = new Map<string, InitStep>();
  const isDirectory = (path: string): boolean => {
    using node = view.lookup(path);
    return node?.stat.isDirectory() ?? false;
  };
  for (const [path, kind] of MOUNT_POINTS) {
    if (isDirectory(path)) continue;
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (parent !== '' && !steps.has(parent)) {
      steps.set(parent, { kind: 'directory', path: parent, like: isDirectory(parent) });
    }
    steps.set(path, { kind, path, like: false });
  }
  return [...steps.values()];
}

/** Makes the steps in the empty directory `diff`, and gives it the attributes of the stack's root. */
export function buildInitLayer(diff: string, steps: readonly InitStep[], below: readonly string[]): void {
  using view = new MergedView(below);
  for (const { kind, path } of steps) {
    const full = join(diff, path);
    if (kind === 'link') symlinkSync(MTAB_TARGET, full);
    else if (kind === 'directory') mkdirSync(full, { mode: 0o755 });
    else closeSync(openSync(full, 'wx', 0o755));
  }
  // After their content was made: that changes their times.
  for (const { path } of steps.filter(({ like }) => like)) copyDirectory(view, path, join(diff, path));
  copyDirectory(view, '', diff);
}

function copyDirectory(view: MergedView, path: string, to: string): void {
  using node = view.lookup(path);
  if (!node) return;
  const fd = openSync(to, 0o200000);
  try {
    copyAttributes(node.fd, fd);
  } finally {
    closeSync(fd);
  }
}
