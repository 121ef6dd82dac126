import { isProcessAlive, Pidfd } from '../../sys/mod.ts';

/** A pidfd of a process that was another keeper's child; undefined if it has ended. `startTime` as in /proc/PID/stat. */
export function openAdopted(pid: number, startTime: number): Pidfd | undefined {
  if (!isProcessAlive(pid, startTime)) return undefined;
  let pidfd: Pidfd;
  try {
    pidfd = new Pidfd(pid);
  } catch {
    return undefined;
  }
  // Race: the number may have been given anew between the look and the open.
  if (isProcessAlive(pid, startTime)) return pidfd;
  pidfd[Symbol.dispose]();
  return undefined;
}
