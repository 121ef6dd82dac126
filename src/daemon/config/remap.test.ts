import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AccountFiles, readRemap } from './remap.ts';

const folder = mkdtempSync(join(tmpdir(), 'minke-remap-'));
const at = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
let files: AccountFiles;

beforeAll(() => {
  files = {
    passwd: at('passwd', 'root:x:0:0::/:\nmapped:x:700:701::/:\ndockremap:x:900:900::/:\nbare:x:5:5::/:\n'),
    group: at('group', 'root:x:0:\nothers:x:800:\n'),
    subuid: at('subuid', 'mapped:100000:1000\n900:300000:65536\nmapped:500000:10\n'),
    subgid: at('subgid', 'mapped:200000:1000\nothers:400000:7\ndockremap:300000:65536\n'),
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

test('readRemap joins all ranges of a user, by name or number', () => {
  const uids = [
    { inside: 0, outside: 100_000, size: 1000 },
    { inside: 1000, outside: 500_000, size: 10 },
  ];
  const gids = [{ inside: 0, outside: 200_000, size: 1000 }];
  expect(readRemap('mapped', files)).toEqual({ uids, gids });
  expect(readRemap('700', files)).toEqual({ uids, gids });
  const others = [{ inside: 0, outside: 400_000, size: 7 }];
  expect(readRemap('mapped:others', files)).toEqual({ uids, gids: others });
  expect(readRemap('mapped:800', files)).toEqual({ uids, gids: others });
});

test('readRemap knows default, root and nothing', () => {
  expect(readRemap('default', files)?.uids).toEqual([{ inside: 0, outside: 300_000, size: 65_536 }]);
  expect(readRemap('root', files)).toBeUndefined();
  expect(readRemap('', files)).toBeUndefined();
});

test('readRemap says what is missing', () => {
  expect(() => readRemap('a:b:c', files)).toThrow(
    'invalid user/group specification in --userns-remap: "a:b:c"',
  );
  expect(() => readRemap('nobody', files)).toThrow('--userns-remap: there is no user "nobody"');
  expect(() => readRemap('bare', files)).toThrow('no subuid ranges found for "bare"');
});

test('readRemap makes the user of default, and ranges behind all others, where they are missing', () => {
  const bare = {
    passwd: at('passwd-bare', 'root:x:0:0::/:\n'),
    group: at('group-bare', ''),
    subuid: at('subuid-bare', 'a:100000:65536\nb:300000:10'),
    subgid: at('subgid-bare', ''),
  };
  const made: string[] = [];
  const add = (name: string) => {
    made.push(name);
    at('passwd-bare', 'root:x:0:0::/:\ndockremap:x:999:999::/:\n');
  };
  const expected = {
    uids: [{ inside: 0, outside: 300_010, size: 65_536 }],
    gids: [{ inside: 0, outside: 100_000, size: 65_536 }],
  };
  expect(readRemap('default', bare, add)).toEqual(expected);
  expect(readRemap('default', bare, add)).toEqual(expected);
  expect(made).toEqual(['dockremap']);
  const fail = () => {
    throw new Error('no useradd');
  };
  expect(() => readRemap('default', { ...bare, passwd: '/nowhere' }, fail)).toThrow(
    'the user dockremap cannot be made: no useradd',
  );
});
