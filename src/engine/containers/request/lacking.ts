/** Docker's warning about a limit that this machine cannot enforce, and so does not. */
export function lacking(what: string, consequence: string): string {
  return `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}.`;
}
