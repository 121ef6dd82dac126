import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../../base/mod.ts';

/** Programs that do for `--init`, the best first. */
const PROGRAMS = ['docker-init', 'tini', 'catatonit'];
const FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/libexec/docker',
];

/** Path of the program that `--init` puts before a container's own; undefined if this machine has none. */
export function findInit(folders: readonly string[] = FOLDERS): string | undefined {
  const paths = PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable);
}

/**
 * The same for a start that needs it, or the `asked` one ('' = none is). Compat: Docker's error where there is none.
 */
export function requireInit(asked = '', folders?: readonly string[]): string {
  const path = asked === '' ? findInit(folders) : asked;
  if (path && isExecutable(path)) return path;
  throw new EngineError('internal', `exec: "${asked || PROGRAMS[0]}": executable file not found in $PATH`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
