import { readFileSync } from 'node:fs';

/**
 * Which mount a descriptor is in. Of two descriptors in one process, different numbers mean different mounts. Spec:
 * proc(5), `/proc/PID/fdinfo`.
 */
export function mountIdOf(fd: number): number {
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  return Number(/^mnt_id:\s*(\d+)/m.exec(info)?.[1] ?? Number.NaN);
}
