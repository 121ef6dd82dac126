import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { isProcessAlive, readProcStat } from '../proc/stat.ts';
import { check, libc, tryCall } from './libc.ts';

const pidfdOpenCall = libc.func('syscall', 'long', ['long', 'int', 'uint32']);
const sendSignalCall = libc.func('syscall', 'long', ['long', 'int', 'int', 'void *', 'uint32']);
const getfdCall = libc.func('syscall', 'long', ['long', 'int', 'int', 'uint32']);
const pollCall = libc.func('int poll(void *fds, unsigned long count, int timeout)');
const ioctlCall = libc.func('int ioctl(int fd, unsigned long request, void *argument)');

/** The same on every architecture: all came after the tables were unified. */
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;
const PIDFD_GET_INFO = 0xc040_ff0b;
const PIDFD_INFO_EXIT = 8n;
const POLLIN = 1;

/** A pidfd of the process that had `pid` and `startTime` (clock ticks since boot); undefined if it has ended. */
export function openProcess(pid: number, startTime: number): Pidfd | undefined {
  let pidfd: Pidfd;
  try {
    pidfd = new Pidfd(pid);
  } catch {
    return undefined;
  }
  // Race: the number may be another process's by now; the start time, looked at once this is open, tells.
  if (isProcessAlive(pid, startTime)) return pidfd;
  pidfd[Symbol.dispose]();
  return undefined;
}

/**
 * A process held by descriptor: its number cannot come to mean another process. Also learns the exit code of a
 * process that is not our child (kernel 6.15).
 */
export class Pidfd implements Disposable {
  readonly fd: number;
  readonly pid: number;
  #closed = false;

  /** Throws SysError ESRCH if there is no such process. */
  constructor(pid: number) {
    this.fd = check('pidfd_open', () => Number(pidfdOpenCall(SYS_pidfd_open, pid, 0)), `pid ${pid}`);
    this.pid = pid;
  }

  /** False if the process has ended. */
  signal(signal: number): boolean {
    const result = tryCall(() => Number(sendSignalCall(SYS_pidfd_send_signal, this.fd, signal, null, 0)));
    if (result < 0 && result !== -constants.errno.ESRCH) throw new SysError('pidfd_send_signal', -result);
    return result === 0;
  }

  /** True once the process has ended (a zombie included). */
  get ended(): boolean {
    const poll = new DataView(new ArrayBuffer(8));
    poll.setInt32(0, this.fd, true);
    poll.setInt16(4, POLLIN, true);
    const bytes = new Uint8Array(poll.buffer);
    return check('poll', () => pollCall(bytes, 1, 0)) > 0;
  }

  /** The wait status of the ended process, if the kernel tells it to one who is not its parent. */
  exitStatus(): number | undefined {
    const info = Buffer.alloc(64);
    info.writeBigUInt64LE(PIDFD_INFO_EXIT, 0);
    const result = tryCall(() => ioctlCall(this.fd, PIDFD_GET_INFO, info));
    if (result === 0 && (info.readBigUInt64LE(0) & PIDFD_INFO_EXIT) !== 0n) return info.readInt32LE(60);
    // Not reaped yet: a zombie shows its status in /proc.
    const stat = readProcStat(this.pid);
    return stat?.state === 'Z' ? stat.exitStatus : undefined;
  }

  /** A duplicate of that process's descriptor `number`, ours to close. */
  getfd(number: number): number {
    return check('pidfd_getfd', () => Number(getfdCall(SYS_pidfd_getfd, this.fd, number, 0)));
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.fd);
  }
}
