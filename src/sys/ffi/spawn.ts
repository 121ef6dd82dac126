import { SysError } from '../errors.ts';
import { libc } from './libc.ts';

const spawnCall = libc.func(
  'int posix_spawn(void *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
);
const actionsInit = libc.func('int posix_spawn_file_actions_init(void *actions)');
const actionsDestroy = libc.func('int posix_spawn_file_actions_destroy(void *actions)');
const addDup2 = libc.func('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)');
const addOpen = libc.func(
  'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)',
);
const attrInit = libc.func('int posix_spawnattr_init(void *attributes)');
const attrFlags = libc.func('int posix_spawnattr_setflags(void *attributes, short flags)');
const attrMask = libc.func('int posix_spawnattr_setsigmask(void *attributes, const void *set)');
const attrDefault = libc.func('int posix_spawnattr_setsigdefault(void *attributes, const void *set)');
const sigemptyset = libc.func('int sigemptyset(void *set)');
const sigfillset = libc.func('int sigfillset(void *set)');

const SETPGROUP = 0x02;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
/** Spec: 80 and 336 bytes on 64-bit glibc; room to spare. */
const OPAQUE = 512;
const SIGSET = 128;

export interface SpawnRequest {
  /** Absolute path; no search in PATH. */
  path: string;
  argv: readonly string[];
  env: Record<string, string>;
  /** What the child's descriptors 0, 1 and 2 are: a descriptor of ours, or a file to open. */
  stdio: readonly [StdioSource, StdioSource, StdioSource];
}

export type StdioSource = number | { path: string; flags: number };

/**
 * posix_spawn(3) of a child in a process group of its own, with no signal blocked or ignored (Race: a plain spawn
 * passes on that we ignore SIGPIPE). Whoever calls this reaps with `reapAny`; never mix it with `node:child_process`
 * in one process: the one would steal the other's statuses. Descriptors without O_CLOEXEC are inherited.
 */
export function spawnProcess(request: SpawnRequest): number {
  const actions = new Uint8Array(OPAQUE);
  const attributes = new Uint8Array(OPAQUE);
  const none = new Uint8Array(SIGSET);
  const all = new Uint8Array(SIGSET);
  const pid = new Int32Array(1);
  const call = (name: string, result: number) => {
    if (result !== 0) throw new SysError(name, result, request.path);
  };
  call('posix_spawn_file_actions_init', actionsInit(actions));
  try {
    for (const [fd, source] of request.stdio.entries()) {
      if (typeof source === 'number') call('adddup2', addDup2(actions, source, fd));
      else call('addopen', addOpen(actions, fd, source.path, source.flags, 0o600));
    }
    sigemptyset(none);
    sigfillset(all);
    call('posix_spawnattr_init', attrInit(attributes));
    call('setflags', attrFlags(attributes, SETPGROUP | SETSIGDEF | SETSIGMASK));
    call('setsigmask', attrMask(attributes, none));
    call('setsigdefault', attrDefault(attributes, all));
    const env = Object.entries(request.env).map(([name, value]) => `${name}=${value}`);
    call(
      'posix_spawn',
      spawnCall(pid, request.path, actions, attributes, [...request.argv, null], [...env, null]),
    );
    return pid[0] ?? -1;
  } finally {
    actionsDestroy(actions);
  }
}
