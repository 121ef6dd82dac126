import { readFileSync } from 'node:fs';
import { libc, tryCall } from './libc.ts';

const madviseCall = libc.func('int madvise(uintptr_t address, size_t length, int advice)');

const MADV_DONTNEED = 4;

/**
 * Unmaps the pages of the program's own code, for a process that did something large and is idle again: what it still
 * runs comes back from the page cache at the next touch, what only that work needed (a compiler, an inflater) does not.
 * Safe for code alone: it is mapped from a file, without write permission, so that no page of it is a copy.
 */
export function trimProgramText(): void {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  for (const line of maps.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ \d+ +(\/.*)$/.exec(line);
    if (!match || match[3] !== process.execPath) continue;
    const from = BigInt(`0x${match[1]}`);
    const to = BigInt(`0x${match[2]}`);
    tryCall(() => madviseCall(from, to - from, MADV_DONTNEED));
  }
}
