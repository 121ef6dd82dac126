import { readFileInRoot } from '../../sys/mod.ts';
import { resolveUser } from './accounts.ts';
import type { ResolvedUser } from './rootfs.ts';

/** What is read of a passwd or group file; whoever is named behind that is not found. */
const ACCOUNTS_LIMIT = 4 << 20;
/** As much is looked through in well under a millisecond. */
const SMALL = 32 << 10;

/** Who somebody is by the files of a tree. Undefined if these are so long that it would take its time. */
export function lookUpUserQuickly(
  tree: number,
  user: string,
  groupAdd: readonly string[],
): ResolvedUser | undefined {
  const passwd = readFileInRoot(tree, '/etc/passwd', SMALL + 1);
  const group = readFileInRoot(tree, '/etc/group', SMALL + 1);
  if (Math.max(passwd?.length ?? 0, group?.length ?? 0) > SMALL) return undefined;
  return resolveUser({ passwd: passwd?.toString('utf8'), group: group?.toString('utf8') }, user, groupAdd);
}

/** The same, however long they are: up to a second for what a hostile image can make of them. */
export function lookUpUser(tree: number, user: string, groupAdd: readonly string[]): ResolvedUser {
  const read = (path: string) => readFileInRoot(tree, path, ACCOUNTS_LIMIT)?.toString('utf8');
  return resolveUser({ passwd: read('/etc/passwd'), group: read('/etc/group') }, user, groupAdd);
}
