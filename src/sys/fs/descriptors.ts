import { readdirSync, readFileSync } from 'node:fs';
import { SysError } from '../errors.ts';

const EMFILE = 24;
let limit: number | undefined;

/** Throws EMFILE unless `count` more descriptors can be opened. Costs a listing of all open ones: not for hot paths. */
export function requireFreeDescriptors(count: number): void {
  limit ??= readLimit();
  if (readdirSync('/proc/self/fd').length + count > limit) throw new SysError('open', EMFILE);
}

function readLimit(): number {
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return match ? Number(match[1]) : 1024;
}
