import { readFileSync } from 'node:fs';
import { readProcStat } from './stat.ts';

/** True if the process runs and `text` stands in its list of cgroups or mounts: a container's has its id there. */
export function processMentions(pid: number, text: string): boolean {
  const state = readProcStat(pid)?.state;
  // A zombie still has its cgroups.
  if (state === undefined || state === 'Z' || state === 'X') return false;
  return ['cgroup', 'mountinfo'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}
