import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureFifo } from '../sys/mod.ts';
import type { CreateOperation } from './keeper/protocol.ts';
import type { StdioPaths } from './runtime.ts';

/** Makes the FIFOs of one start in `directory`. Those that are there stay. */
export function makeStdio(
  directory: string,
  options: { tty: boolean; openStdin: boolean; owner?: { uid: number; gid: number } },
): StdioPaths {
  const paths: StdioPaths = {
    directory,
    stdin: options.openStdin && !options.tty ? join(directory, 'stdin') : undefined,
    stdout: join(directory, 'stdout'),
    stderr: join(directory, 'stderr'),
    staging: join(directory, 'staging'),
  };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (options.tty) return paths;
  for (const path of [paths.stdin, paths.stdout, paths.stderr, paths.staging]) {
    if (path === undefined) continue;
    ensureFifo(path, 0o600);
    // The root of a user namespace opens them again, as /dev/stdout.
    if (options.owner && options.owner.uid !== 0) chownSync(path, options.owner.uid, options.owner.gid);
  }
  return paths;
}

/** What the keeper is told of them. */
export function fifosOf({
  stdin,
  stdout,
  stderr,
  staging,
}: StdioPaths): NonNullable<CreateOperation['stdio']> {
  return { ...(stdin !== undefined && { stdin }), stdout, stderr, staging };
}
