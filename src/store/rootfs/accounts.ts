import { EngineError } from '../../base/mod.ts';
import type { ResolvedUser } from './rootfs.ts';

/**
 * Who a container runs as, from its passwd and group files (pure). Compat: the rules of `moby/sys/user`, by which
 * Docker resolves `User` and `GroupAdd`; the sentences are its own.
 */
export interface AccountFiles {
  /** Content of /etc/passwd; undefined if there is none. */
  passwd: string | undefined;
  group: string | undefined;
}

const MAX_ID = 2 ** 31 - 1;

interface Passwd {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface Group {
  name: string;
  gid: number;
  members: string[];
}

export function resolveUser(files: AccountFiles, spec: string, groupAdd: readonly string[]): ResolvedUser {
  const [userArg = '', groupArg = ''] = spec.split(':');
  const numericUser = parseId(userArg);
  const user = findUser(files.passwd, userArg, numericUser);
  if (!user && userArg !== '' && numericUser === undefined) {
    throw new EngineError('invalid', `unable to find user ${userArg}: no matching entries in passwd file`);
  }
  const uid = inRange(user?.uid ?? numericUser ?? 0);
  let gid = user?.gid ?? 0;
  const groups = parseGroups(files.group);
  let supplementary: number[] = [];
  if (groupArg !== '') gid = findGroup(groups, groupArg);
  else if (user)
    supplementary = groups.filter(({ members }) => members.includes(user.name)).map((group) => group.gid);
  inRange(gid);
  const added = groupAdd.map((name) => addedGroup(groups, name));
  // Compat: the primary group is among the additional ones (CVE-2022-36109).
  const additionalGids = [...new Set([gid, ...supplementary.map(inRange), ...added])];
  return { uid, gid, additionalGids, home: user?.home || '/' };
}

/** Compat: a number is always an id, also where somebody has it as a name; '' is root. The first match counts. */
function findUser(passwd: string | undefined, name: string, numeric: number | undefined): Passwd | undefined {
  for (const line of lines(passwd)) {
    const fields = line.split(':');
    const uid = fieldId(fields[2]);
    const matches = name === '' ? uid === 0 : numeric === undefined ? fields[0] === name : uid === numeric;
    if (matches) return { name: fields[0] ?? '', uid, gid: fieldId(fields[3]), home: fields[5] ?? '' };
  }
  return undefined;
}

function findGroup(groups: readonly Group[], name: string): number {
  const numeric = parseId(name);
  const found = groups.find((group) => (numeric === undefined ? group.name === name : group.gid === numeric));
  if (found) return found.gid;
  if (numeric === undefined) throw noGroup(name);
  return inRange(numeric);
}

/** Compat: here a name comes first, and a number that is nobody's is taken as it is. */
function addedGroup(groups: readonly Group[], name: string): number {
  const found = groups.find((group) => group.name === name || String(group.gid) === name);
  if (found) return inRange(found.gid);
  const numeric = parseId(name);
  if (numeric === undefined) throw noGroup(name);
  return inRange(numeric);
}

function parseGroups(text: string | undefined): Group[] {
  return Array.from(lines(text), (line) => {
    const fields = line.split(':');
    const members = (fields[3] ?? '').split(',').filter((member) => member !== '');
    return { name: fields[0] ?? '', gid: fieldId(fields[2]), members };
  });
}

/** Lines with something in them, one after the other: files of a hostile image are as long as is read of them. */
function* lines(text: string | undefined): Generator<string, void, void> {
  if (text === undefined) return;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = end > at ? text.slice(at, end).trim() : '';
    if (line !== '') yield line;
    at = end + 1;
  }
}

/** Spec: Go's `strconv.Atoi`; a number of more than 64 bits is none. */
function parseId(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  if (text.length <= 15) return Number(text);
  const exact = BigInt(text.replace('+', ''));
  return exact > 2n ** 63n - 1n || exact < -(2n ** 63n) ? undefined : Number(exact);
}

/** Compat: what is no number in the files counts as 0 for Docker. That would be root: it matches nobody here. */
function fieldId(text: string | undefined): number {
  return parseId(text ?? '') ?? -1;
}

function inRange(id: number): number {
  if (id < 0 || id > MAX_ID) throw new EngineError('invalid', `uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

function noGroup(name: string): EngineError {
  return new EngineError('invalid', `unable to find group ${name}: no matching entries in group file`);
}
