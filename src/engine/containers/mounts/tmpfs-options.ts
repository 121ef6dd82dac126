import { EngineError } from '../../../base/mod.ts';

/** Spec: mount(8), the options that do not depend on the file system, and tmpfs(5). */
const FLAGS = new Set([
  ...['defaults', 'ro', 'rw', 'suid', 'nosuid', 'dev', 'nodev', 'exec', 'noexec', 'sync', 'async', 'dirsync'],
  ...['remount', 'mand', 'nomand', 'atime', 'noatime', 'diratime', 'nodiratime', 'bind', 'rbind'],
  ...['unbindable', 'runbindable', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'],
  ...['relatime', 'norelatime', 'strictatime', 'nostrictatime'],
]);
const KEYS = new Set(['mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'size', 'mpol']);

/** Throws `invalid` for an option of `--tmpfs` that is none, in Docker's words. */
export function checkTmpfsOptions(options: string): void {
  for (const option of options.split(',').filter((one) => one !== '')) {
    const [key = '', value] = option.split('=');
    if (value === undefined ? FLAGS.has(key) : KEYS.has(key)) continue;
    throw new EngineError('invalid', `invalid tmpfs option ["${option}"]`);
  }
}
