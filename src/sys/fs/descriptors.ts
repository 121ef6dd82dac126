import { closeSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { SysError } from '../errors.ts';
import { duplicate } from '../ffi/file-io.ts';

const EMFILE = 24;
let limit: number | undefined;

/** True if this process can still open `count` descriptors. */
export function descriptorsFree(count: number): boolean {
  // Spec: proc_pid_fd(5): since Linux 6.2 the size is the number of open ones.
  const open = statSync('/proc/self/fd').size;
  if (open === 0) return canOpen(count);
  limit ??= readLimit();
  return open + count <= limit;
}

/** By trying. */
export function canOpen(count: number): boolean {
  const fds: number[] = [];
  try {
    while (fds.length < count) fds.push(duplicate(2));
    return true;
  } catch {
    return false;
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** Throws EMFILE unless `count` more descriptors can be opened. Costs a listing of all open ones: not for hot paths. */
export function requireFreeDescriptors(count: number): void {
  limit ??= readLimit();
  if (readdirSync('/proc/self/fd').length + count > limit) throw new SysError('open', EMFILE);
}

function readLimit(): number {
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return match ? Number(match[1]) : 1024;
}
