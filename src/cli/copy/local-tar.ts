import type { BigIntStats } from 'node:fs';
import {
  type ByteString,
  END_OF_ARCHIVE,
  ENTRY_TYPES,
  encodeHeader,
  padding,
  type TarEntry,
} from '../../spec/tar/mod.ts';
import { nodeFs } from '../lazy-node.ts';
import type { CopyEnd } from './paths.ts';
import { splitPath } from './paths.ts';

const CHUNK = 256 * 1024;

/**
 * The tar of a file or folder of this machine, whose names begin with `name`. Links are archived as links; what cannot
 * be read is an error. Compat: moby `archive.TarResource`, as the daemon's own.
 */
export async function* localTar(source: CopyEnd, name: string): AsyncGenerator<Uint8Array> {
  const { directory, name: last } = splitPath(source.path);
  const root = last === '.' ? directory : `${directory === '/' ? '' : directory}/${last}`;
  yield* member(bytesOf(root), bytesOf(name), new Map());
  yield END_OF_ARCHIVE;
}

async function* member(path: string, name: string, linked: Map<string, string>): AsyncGenerator<Uint8Array> {
  const fs = nodeFs();
  const at = Buffer.from(path, 'latin1');
  const stat = fs.lstatSync(at, { bigint: true });
  const entry = entryOf(at, stat, name);
  if (!entry) return;
  const identity = `${stat.dev}:${stat.ino}`;
  const first = stat.nlink > 1n && !stat.isDirectory() ? linked.get(identity) : undefined;
  if (first !== undefined) {
    yield encodeHeader({ ...entry, type: ENTRY_TYPES.hardLink, linkName: first as ByteString, size: 0 });
    return;
  }
  linked.set(identity, name);
  if (stat.isFile()) yield* file(at, entry, Number(stat.size));
  else yield encodeHeader(entry);
  if (!stat.isDirectory()) return;
  const names = fs.readdirSync(at, { encoding: 'latin1' }).sort((a, b) => (a < b ? -1 : 1));
  const below = path.endsWith('/') ? path : `${path}/`;
  for (const child of names)
    yield* member(`${below}${child}`, `${name}/${child}`.replace(/^\/\//, '/'), linked);
}

function entryOf(path: Buffer, stat: BigIntStats, name: string): Partial<TarEntry> | undefined {
  const type = stat.isFile()
    ? ENTRY_TYPES.file
    : stat.isDirectory()
      ? ENTRY_TYPES.directory
      : stat.isSymbolicLink()
        ? ENTRY_TYPES.symlink
        : stat.isFIFO()
          ? ENTRY_TYPES.fifo
          : stat.isCharacterDevice()
            ? ENTRY_TYPES.characterDevice
            : stat.isBlockDevice()
              ? ENTRY_TYPES.blockDevice
              : undefined;
  if (type === undefined) return undefined;
  return {
    name: (stat.isDirectory() && !name.endsWith('/') ? `${name}/` : name) as ByteString,
    type,
    mode: Number(stat.mode) & 0o177777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: stat.isFile() ? Number(stat.size) : 0,
    mtime: { seconds: Number(stat.mtimeNs / 1_000_000_000n), nanoseconds: 0 },
    ...(stat.isSymbolicLink()
      ? { linkName: nodeFs().readlinkSync(path, { encoding: 'latin1' }) as ByteString }
      : {}),
    deviceMajor: Number((stat.rdev >> 8n) & 0xfffn),
    deviceMinor: Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)),
  };
}

/** A file that changes its size meanwhile is cut off, or filled up with zeros. */
async function* file(path: Buffer, entry: Partial<TarEntry>, size: number): AsyncGenerator<Uint8Array> {
  const { openSync, readSync, closeSync } = nodeFs();
  const fd = openSync(path, 'r');
  try {
    yield encodeHeader(entry);
    for (let left = size; left > 0; ) {
      // Each chunk in memory of its own: who sends it may not be done with it when the next is read.
      const chunk = Buffer.alloc(Math.min(CHUNK, left));
      const length = readSync(fd, chunk, 0, chunk.length, null) || chunk.length;
      yield chunk.subarray(0, length);
      left -= length;
    }
    yield padding(size);
  } finally {
    closeSync(fd);
  }
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
