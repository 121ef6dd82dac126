/**
 * Numbers of a list such as `0-2,5`, as cpuset files and `CpusetCpus` have it; undefined if it is none.
 * Spec: cpuset(7), list format.
 */
export function parseCpuset(text: string): Set<number> | undefined {
  const numbers = new Set<number>();
  for (const part of text.split(',').filter((one) => one !== '')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (!match) return undefined;
    const last = Number(match[2] ?? match[1]);
    if (last < Number(match[1])) return undefined;
    for (let number = Number(match[1]); number <= last; number++) numbers.add(number);
  }
  return numbers;
}
