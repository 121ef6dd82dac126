import { readFileSync } from 'node:fs';

/** True if the process is there and `text` stands in its list of cgroups or mounts: a container's has its id there. */
export function processMentions(pid: number, text: string): boolean {
  return ['cgroup', 'mountinfo'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}
