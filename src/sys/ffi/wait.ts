import { constants } from 'node:os';
import { libc, tryCall } from './libc.ts';

const waitpidCall = libc.func('int waitpid(int pid, void *status, int options)');
const killCall = libc.func('int kill(int pid, int signal)');

const WNOHANG = 1;
const statusBuffer = new Int32Array(1);

/** Reaps one ended child, whichever, without waiting; undefined when none has ended (or there is no child at all). */
export function reapAny(): { pid: number; status: number } | undefined {
  const pid = tryCall(() => waitpidCall(-1, statusBuffer, WNOHANG));
  return pid > 0 ? { pid, status: statusBuffer[0] ?? 0 } : undefined;
}

/** What a wait status says: `code` as a shell has it, 128 + n for signal n. */
export function decodeWaitStatus(status: number): { code: number; signal: number | undefined } {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff, signal: undefined } : { code: 128 + signal, signal };
}

/** kill(2); false if there is no such process (or group, for a negative pid). Other errors cannot happen to root. */
export function killProcess(pid: number, signal: number): boolean {
  return tryCall(() => killCall(pid, signal)) !== -constants.errno.ESRCH;
}
