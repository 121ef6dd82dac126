import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { O_CLOEXEC } from '../ffi/file-calls.ts';

/** Spec: user_namespaces(7): the lines of `uid_map` and `gid_map`. */
export interface NamespaceIds {
  uids: readonly { inside: number; outside: number; size: number }[];
  gids: readonly { inside: number; outside: number; size: number }[];
}

const DEADLINE_MS = 10_000;

/**
 * A descriptor of a new user namespace with this map, or of the one pinned at a path, to be closed by the caller. A child makes it: unshare(2) of a user
 * namespace is refused to processes with several threads, as ours is. With `also`, descriptors of other namespaces of
 * that child, which belong to the new user namespace.
 */
export async function createUserNamespace<K extends 'net'>(
  map: NamespaceIds | string,
  also: readonly K[] = [],
): Promise<{ user: number } & Record<K, number>> {
  const joins = typeof map === 'string';
  const unshare = ['unshare', ...(joins ? [] : ['--user']), ...also.map((kind) => `--${kind}`)];
  const argv = [...(joins ? ['nsenter', `--user=${map}`] : []), ...unshare, 'sh', '-c', 'echo; read _'];
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('error', reject);
      child.once('close', (code) =>
        reject(new Error(`unshare: no user namespace can be made (exit code ${code})`)),
      );
    });
    if (typeof map !== 'string') {
      writeFileSync(`/proc/${child.pid}/uid_map`, lines(map.uids));
      writeFileSync(`/proc/${child.pid}/gid_map`, lines(map.gids));
    }
    return openNamespaces(`/proc/${child.pid}/ns`, also);
  } finally {
    clearTimeout(timer);
    child.stdin.on('error', () => {});
    child.stdin.end();
  }
}

function openNamespaces<K extends string>(
  directory: string,
  also: readonly K[],
): { user: number } & Record<K, number> {
  const opened: Record<string, number> = {};
  try {
    for (const kind of ['user', ...also]) opened[kind] = openSync(`${directory}/${kind}`, O_CLOEXEC);
    return opened as { user: number } & Record<K, number>;
  } catch (error) {
    for (const fd of Object.values(opened)) closeSync(fd);
    throw error;
  }
}

function lines(ranges: NamespaceIds['uids']): string {
  return ranges.map(({ inside, outside, size }) => `${inside} ${outside} ${size}\n`).join('');
}
