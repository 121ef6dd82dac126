import { readFileSync } from 'node:fs';

/**
 * How mounts spread from the mount that `path` (absolute, resolved) lies on, and whether `path` is its mount point.
 * Reads all mounts: for a start of the daemon, or of a container that asks for it. Spec: proc(5), `/proc/pid/mountinfo`.
 */
export function propagationOf(path: string): {
  /** The mount's own path. */
  point: string;
  isMountPoint: boolean;
  propagation: 'shared' | 'slave' | 'private';
} {
  let best: { point: string; fields: string[] } | undefined;
  for (const { point, fields } of mounts()) {
    const covers = point === '/' || path === point || path.startsWith(`${point}/`);
    // The last of several mounts on one point is the one that shows.
    if (point !== '' && covers && point.length >= (best?.point.length ?? 0)) best = { point, fields };
  }
  const tags = best?.fields.slice(6, best.fields.indexOf('-')) ?? [];
  const propagation = tags.some((tag) => tag.startsWith('shared:'))
    ? 'shared'
    : tags.some((tag) => tag.startsWith('master:'))
      ? 'slave'
      : 'private';
  return { point: best?.point ?? '/', isMountPoint: best?.point === path, propagation };
}

/** Whether anything is mounted below `path`. Reads all mounts. */
export function hasMountsBelow(path: string): boolean {
  return mounts().some(({ point }) => point.startsWith(`${path}/`));
}

/** Where something is mounted at or below `path`. Reads all mounts: for a start of the daemon. */
export function mountPointsBelow(path: string): Set<string> {
  return new Set(mounts().flatMap(({ point }) => (`${point}/`.startsWith(`${path}/`) ? [point] : [])));
}

function mounts(): { point: string; fields: string[] }[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => {
      const fields = line.split(' ');
      const point = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      );
      return { point, fields };
    });
}
