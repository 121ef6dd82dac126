import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type Logger, messageOf } from '../../base/mod.ts';
import { bootId, lockFile } from '../../sys/mod.ts';

const NAME = 'boot-id';

/**
 * Empties an exec-root that another boot of this machine left: it belongs on a tmpfs, and where it does not, its pids
 * are now anybody's, and its sockets, namespaces and locks nobody's. The first call notes the boot.
 */
export function dropStaleExecRoot(execRoot: string, log: Logger): void {
  const path = join(execRoot, NAME);
  const noted = readNote(path);
  if (noted === bootId()) return;
  if (noted !== undefined && !keeperLives(execRoot)) {
    log.info('the machine was down since: what the exec-root holds is of before', { execRoot });
    for (const name of readdirSync(execRoot)) remove(join(execRoot, name), log);
  }
  writeFileSync(path, bootId());
}

function readNote(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whatever the boot is called, containers run: then nothing is stale. */
function keeperLives(execRoot: string): boolean {
  const path = join(execRoot, 'keeper.lock');
  if (!existsSync(path)) return false;
  const lock = lockFile(path);
  lock?.[Symbol.dispose]();
  return lock === undefined;
}

function remove(path: string, log: Logger): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    // Something is mounted there, which is no boot's fault.
    log.warn('the exec-root holds what cannot be removed', { path, error: messageOf(error) });
  }
}
