import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';

/** `inside`, and so many after it, is `outside` in the namespace above. */
export interface IdRange {
  inside: number;
  outside: number;
  size: number;
}

export interface IdMap {
  uids: readonly IdRange[];
  gids: readonly IdRange[];
}

const DEADLINE_MS = 10_000;
const O_CLOEXEC = 0o2000000;

/**
 * A descriptor of a new user namespace with this map, to be closed by the caller. A child makes it: unshare(2) of a user
 * namespace is refused to processes with several threads, as ours is. With `also`, descriptors of other namespaces of
 * that child, which belong to the new user namespace.
 */
export async function createUserNamespace<K extends 'net'>(
  map: IdMap,
  also: readonly K[] = [],
): Promise<{ user: number } & Record<K, number>> {
  const flags = ['--user', ...also.map((kind) => `--${kind}`)];
  const child = spawn('unshare', [...flags, 'sh', '-c', 'echo; read _'], {
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
    writeFileSync(`/proc/${child.pid}/uid_map`, lines(map.uids));
    writeFileSync(`/proc/${child.pid}/gid_map`, lines(map.gids));
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

/** Spec: user_namespaces(7). */
function lines(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, size }) => `${inside} ${outside} ${size}\n`).join('');
}
