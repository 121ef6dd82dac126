import { closeSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Attributes, applyAttributes, readAttributes } from '../attributes.ts';
import type { MergedView } from '../merged-view.ts';

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

/** One thing to make. */
interface InitStep {
  kind: 'directory' | 'file' | 'link';
  path: string;
  /** Of the directory that the image has there: the copy takes them. */
  like: Attributes | undefined;
}

/** What to make above an image; the same for all its containers. */
export interface InitPlan {
  root: Attributes | undefined;
  steps: InitStep[];
}

/**
 * What to make above a stack of layers. Compat: Docker unlinks whatever is no directory on the way, so files are
 * always new and a link at `etc` is replaced.
 */
export function planInitLayer(view: Pick<MergedView, 'lookup'>): InitPlan {
  const steps = new Map<string, InitStep>();
  const directory = (path: string): Attributes | undefined => {
    using node = view.lookup(path);
    return node?.stat.isDirectory() ? readAttributes(node.fd) : undefined;
  };
  for (const [path, kind] of MOUNT_POINTS) {
    if (directory(path)) continue;
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (parent !== '' && !steps.has(parent)) {
      steps.set(parent, { kind: 'directory', path: parent, like: directory(parent) });
    }
    steps.set(path, { kind, path, like: undefined });
  }
  return { root: directory(''), steps: [...steps.values()] };
}

/** Makes what is planned in the empty directory `diff`, and gives it the attributes of the image's root. */
export function buildInitLayer(diff: string, { root, steps }: InitPlan): void {
  for (const { kind, path } of steps) {
    const full = join(diff, path);
    if (kind === 'link') symlinkSync(MTAB_TARGET, full);
    else if (kind === 'directory') mkdirSync(full, { mode: 0o755 });
    else closeSync(openSync(full, 'wx', 0o755));
  }
  // After their content was made: that changes their times.
  for (const { path, like } of steps) if (like) setAttributes(join(diff, path), like);
  if (root) setAttributes(diff, root);
}

/** Gives a directory of ours these attributes. */
export function setAttributes(path: string, attributes: Attributes): void {
  const fd = openSync(path, 0o200000);
  try {
    applyAttributes(fd, attributes);
  } finally {
    closeSync(fd);
  }
}
