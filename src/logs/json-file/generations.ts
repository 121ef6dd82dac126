import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnoOf } from '../../base/mod.ts';

/** Compat: the current file is `path`, the one before `path.1`, and so on. */
export function generationPath(path: string, generation: number): string {
  return generation === 0 ? path : `${path}.${generation}`;
}

/**
 * Moves each file one generation on, so that `path` is free; at most `maxFiles` are left with the one to come.
 * Crash: a gap in the numbers, which readers step over and the next rotation closes.
 */
export function rotate(path: string, maxFiles: number): void {
  if (maxFiles < 2) {
    // Why not truncate: who follows the log still reads the end of the old file.
    rmSync(path, { force: true });
    return;
  }
  const last = Math.min(maxFiles - 1, (generations(path)[0] ?? 0) + 1);
  for (let generation = last; generation > 0; generation--) {
    try {
      renameSync(generationPath(path, generation - 1), generationPath(path, generation));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** The generations that exist, oldest (highest) first; the current file is 0. */
export function generations(path: string): number[] {
  const name = basename(path);
  const found: number[] = [];
  try {
    for (const entry of readdirSync(dirname(path))) {
      if (entry === name) found.push(0);
      else if (entry.startsWith(`${name}.`) && /^[1-9]\d{0,5}$/.test(entry.slice(name.length + 1))) {
        found.push(Number(entry.slice(name.length + 1)));
      }
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return found.sort((a, b) => b - a);
}
