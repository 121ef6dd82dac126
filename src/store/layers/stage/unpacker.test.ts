import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ByteString, ENTRY_TYPES, type TarEntry } from '../../../spec/tar/mod.ts';
import { LayerTree, openTreeRoot } from './layer-tree.ts';
import { Unpacker } from './unpacker.ts';

function hardLink(name: string, linkName: string): TarEntry {
  return {
    name: name as ByteString,
    type: ENTRY_TYPES.hardLink,
    linkName: linkName as ByteString,
    mode: 0o644,
    uid: 0,
    gid: 0,
    userName: '' as ByteString,
    groupName: '' as ByteString,
    size: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: [],
  };
}

test('hard links to what is not in the layer cost bounded memory, however many and long they are', () => {
  const directory = mkdtempSync(join(tmpdir(), 'minke-unpacker-'));
  const tree = new LayerTree(openTreeRoot(directory));
  try {
    const many = new Unpacker(tree, 0o022);
    const all = (count: number, name: string) => {
      for (let i = 0; i < count; i++) many.entry(hardLink(`${name}${i}`, 'absent'));
    };
    all(1000, 'a');
    expect(many.links.all.length).toBe(1000);
    expect(() => all(100, 'x'.repeat(1 << 20))).toThrow('ENAMETOOLONG');
    expect(() => all(1_000_000, 'b')).toThrow('ENOENT');
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    tree.close();
    rmSync(directory, { recursive: true });
  }
});
