import { check, libc } from './libc.ts';

const execveCall = libc.func('int execve(const char *path, const char **argv, const char **envp)');
const fcntlCall = libc.func('int fcntl(int fd, int command, long argument)');
const sigemptyset = libc.func('int sigemptyset(void *set)');
const sigmaskCall = libc.func('int pthread_sigmask(int how, const void *set, void *old)');

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const SIG_SETMASK = 2;
const SIGSET = 128;

/** Whether exec closes the descriptor. */
export function setCloseOnExec(fd: number, on: boolean): void {
  check('fcntl(F_SETFD)', () => fcntlCall(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

/**
 * execve(2): this process becomes another program; its pid, its children and the descriptors without O_CLOEXEC stay.
 * Call it from the main thread. Returns only by throwing a SysError: then everything is as before.
 */
export function execProgram(argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv): never {
  // A runtime may have signals blocked in its threads; the next program would never hear of them.
  const none = new Uint8Array(SIGSET);
  const before = new Uint8Array(SIGSET);
  sigemptyset(none);
  sigmaskCall(SIG_SETMASK, none, before);
  try {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value ?? ''}`);
    check('execve', () => execveCall(argv[0], [...argv, null], [...variables, null]), argv[0]);
  } finally {
    sigmaskCall(SIG_SETMASK, before, null);
  }
  throw new Error('execve returned');
}
