import { readFileSync } from 'node:fs';

export interface ProcStat {
  /** `Z` is a zombie. */
  state: string;
  /** Clock ticks since boot: with the pid, it names a process for good. */
  startTime: number;
  /** A wait status; only a zombie has it. */
  exitStatus: number;
}

/** Reads `/proc/<pid>/stat`; undefined if there is no such process. Spec: proc_pid_stat(5), fields 3, 22 and 52. */
export function readProcStat(pid: number): ProcStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name, field 2, may hold blanks and parentheses: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '?', startTime: Number(fields[19]), exitStatus: Number(fields[49]) };
}

/** True if the process that had `pid` and `startTime` still runs. */
export function isProcessAlive(pid: number, startTime: number): boolean {
  const stat = readProcStat(pid);
  return stat !== undefined && stat.startTime === startTime && stat.state !== 'Z' && stat.state !== 'X';
}
