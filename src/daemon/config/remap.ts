import { readFileSync } from 'node:fs';
import { EngineError } from '../../base/mod.ts';
import type { IdMap, IdRange } from '../../spec/id-map.ts';

/** The files that say who may have which ids; others in tests. */
export interface AccountFiles {
  passwd: string;
  group: string;
  subuid: string;
  subgid: string;
}

const FILES: AccountFiles = {
  passwd: '/etc/passwd',
  group: '/etc/group',
  subuid: '/etc/subuid',
  subgid: '/etc/subgid',
};
/** Compat: the user that `default` stands for. */
const DEFAULT_USER = 'dockremap';

/**
 * The mapping that `userns-remap` asks for: `default`, or `user[:group]` by name or number, with its ranges of
 * /etc/subuid and /etc/subgid. Undefined for ''. Throws `invalid`. Compat: moby `parseRemappedRoot`,
 * `LoadIdentityMapping`; `root` maps nothing. The user of `default` is not made here: a package or the admin does that.
 */
export function readRemap(setting: string, files: AccountFiles = FILES): IdMap | undefined {
  if (setting === '') return undefined;
  const parts = setting.split(':');
  if (parts.length > 2) {
    throw invalid(`invalid user/group specification in --userns-remap: ${JSON.stringify(setting)}`);
  }
  const [first = '', second] = parts;
  const user = lookUp(files.passwd, first === 'default' ? DEFAULT_USER : first, 'user');
  const group = second === undefined ? user : lookUp(files.group, second, 'group');
  if (user.name === 'root') return undefined;
  return { uids: ranges(files.subuid, user, 'uid'), gids: ranges(files.subgid, group, 'gid') };
}

interface Account {
  name: string;
  id: string;
}

function lookUp(path: string, wanted: string, kind: 'user' | 'group'): Account {
  for (const line of read(path).split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name !== '' && (name === wanted || id === wanted)) return { name, id };
  }
  const hint =
    wanted === DEFAULT_USER
      ? `: make it with useradd --system ${DEFAULT_USER}, and give it ranges in /etc/subuid and /etc/subgid`
      : '';
  throw invalid(`--userns-remap: there is no ${kind} ${JSON.stringify(wanted)}${hint}`);
}

/** Several ranges follow each other inside. */
function ranges(path: string, account: Account, kind: 'uid' | 'gid'): IdRange[] {
  const result: IdRange[] = [];
  let inside = 0;
  for (const line of read(path).split('\n')) {
    const [name, start, length] = line.trim().split(':');
    if (name !== account.name && name !== account.id) continue;
    const [outside, size] = [Number(start), Number(length)];
    if (!Number.isInteger(outside) || !Number.isInteger(size) || outside < 0 || size < 1) {
      throw invalid(`${path}: the range of ${account.name} is damaged: ${line}`);
    }
    result.push({ inside, outside, size });
    inside += size;
  }
  if (result.length === 0)
    throw invalid(`no sub${kind} ranges found for ${JSON.stringify(account.name)} in ${path}`);
  return result;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
