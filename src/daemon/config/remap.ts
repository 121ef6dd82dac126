import { readFileSync } from 'node:fs';
import { EngineError, messageOf } from '../../base/mod.ts';
import type { IdMap, IdRange } from '../../spec/id-map.ts';
import { addSystemUser, atomicWrite } from '../../sys/mod.ts';

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
const FIRST_SUB_ID = 100_000;
const RANGE = 65_536;

/**
 * The mapping that `userns-remap` asks for: `default`, or `user[:group]` by name or number, with its ranges of
 * /etc/subuid and /etc/subgid. Undefined for ''. Throws `invalid`. Compat: moby `parseRemappedRoot`,
 * `LoadIdentityMapping`; `root` maps nothing. The user of `default`, and its
 * ranges, are made where they are missing.
 */
export function readRemap(
  setting: string,
  files: AccountFiles = FILES,
  addUser: (name: string) => void = addSystemUser,
): IdMap | undefined {
  if (setting === '') return undefined;
  const parts = setting.split(':');
  if (parts.length > 2) {
    throw invalid(`invalid user/group specification in --userns-remap: ${JSON.stringify(setting)}`);
  }
  const [first = '', second] = parts;
  const user = first === 'default' ? defaultUser(files, addUser) : lookUp(files.passwd, first, 'user');
  const group = second === undefined ? user : lookUp(files.group, second, 'group');
  if (user.name === 'root') return undefined;
  return { uids: ranges(files.subuid, user, 'uid'), gids: ranges(files.subgid, group, 'gid') };
}

interface Account {
  name: string;
  id: string;
}

/** Compat: moby `idtools.AddNamespaceRangesUser`: 65,536 ids behind all that are given away. */
function defaultUser(files: AccountFiles, addUser: (name: string) => void): Account {
  if (
    !read(files.passwd)
      .split('\n')
      .some((line) => line.startsWith(`${DEFAULT_USER}:`))
  ) {
    try {
      addUser(DEFAULT_USER);
    } catch (error) {
      const why = `--userns-remap: the user ${DEFAULT_USER} cannot be made: ${messageOf(error)}`;
      throw new EngineError('invalid', why, { cause: error });
    }
  }
  const user = lookUp(files.passwd, DEFAULT_USER, 'user');
  for (const path of [files.subuid, files.subgid]) {
    const text = read(path);
    if (rangeLines(text, user).length > 0) continue;
    const begin = text === '' || text.endsWith('\n') ? '' : '\n';
    const line = `${DEFAULT_USER}:${firstFree(text)}:${RANGE}\n`;
    atomicWrite(path, `${text}${begin}${line}`, { mode: 0o644, durable: true });
  }
  return user;
}

/** Fields of the lines that are about somebody, by name or number. */
function rangeLines(text: string, { name, id }: Account): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([who]) => who === name || who === id);
}

function firstFree(text: string): number {
  const ends = text.split('\n').map((line) => {
    const [, start, length] = line.split(':');
    return Number(start) + Number(length);
  });
  return Math.max(FIRST_SUB_ID, ...ends.filter(Number.isInteger));
}

function lookUp(path: string, wanted: string, kind: 'user' | 'group'): Account {
  for (const line of read(path).split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name !== '' && (name === wanted || id === wanted)) return { name, id };
  }
  throw invalid(`--userns-remap: there is no ${kind} ${JSON.stringify(wanted)}`);
}

/** Several ranges follow each other inside. */
function ranges(path: string, account: Account, kind: 'uid' | 'gid'): IdRange[] {
  const result: IdRange[] = [];
  let inside = 0;
  for (const line of rangeLines(read(path), account)) {
    const [, start, length] = line;
    const [outside, size] = [Number(start), Number(length)];
    if (!Number.isInteger(outside) || !Number.isInteger(size) || outside < 0 || size < 1) {
      throw invalid(`${path}: the range of ${account.name} is damaged: ${line.join(':')}`);
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
