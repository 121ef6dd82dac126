import type { BigIntStats } from 'node:fs';
import { EngineError } from '../../../base/mod.ts';
import { type ByteString, displayBytes, ENTRY_TYPES, type TarEntry } from '../../../spec/tar/mod.ts';
import { cString, readlinkAt, readXattrsFd, type Xattr } from '../../../sys/mod.ts';

/** Extended attributes that go into an archive: file capabilities as in Docker's, or those of users too. */
export type ArchivedXattrs = 'capabilities' | 'user';

const TYPES = {
  file: ENTRY_TYPES.file,
  directory: ENTRY_TYPES.directory,
  link: ENTRY_TYPES.symlink,
  character: ENTRY_TYPES.characterDevice,
  block: ENTRY_TYPES.blockDevice,
  fifo: ENTRY_TYPES.fifo,
} as const;

/**
 * The member of an archive that a file becomes; undefined for a socket, which no archive can hold. Compat: moby
 * `pkg/archive` `FileInfoHeader`: times by the second, the file's type in its mode, no names of users.
 */
export function memberOf(
  fd: number,
  stat: BigIntStats,
  name: ByteString,
  wanted: ArchivedXattrs,
): Partial<TarEntry> | undefined {
  const kind = kindOf(stat);
  if (kind === undefined) return undefined;
  const isLink = kind === 'link';
  const isDevice = kind === 'character' || kind === 'block';
  return {
    name: (kind === 'directory' && !name.endsWith('/') ? `${name}/` : name) as ByteString,
    type: TYPES[kind],
    mode: Number(stat.mode) & 0o177777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: kind === 'file' ? Number(stat.size) : 0,
    mtime: { seconds: floorSeconds(stat.mtimeNs), nanoseconds: 0 },
    xattrs: isLink
      ? []
      : readXattrsFd(fd)
          .filter((it) => isArchived(it, wanted))
          .map(asBytes),
    ...(isLink ? { linkName: linkTarget(fd) } : {}),
    ...(isDevice ? deviceNumbers(stat.rdev) : {}),
  };
}

/** What the link that an O_PATH descriptor stands for says, as bytes. */
export function linkTarget(fd: number): ByteString {
  return (readlinkAt(fd, cString(''), 'latin1') ?? '') as ByteString;
}

/** A file of an overlay's upper directory that the kernel gave a mark which an archive cannot say. */
export function refuseForeignMarks(xattrs: readonly Xattr[], path: ByteString): void {
  for (const { name } of xattrs) {
    if (name !== 'trusted.overlay.redirect' && name !== 'trusted.overlay.metacopy') continue;
    throw new EngineError(
      'unimplemented',
      `${JSON.stringify(displayBytes(path))} has the overlay mark ${name}: start and stop the container with redirect_dir and metacopy off`,
    );
  }
}

function kindOf(stat: BigIntStats): keyof typeof TYPES | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : undefined;
}

function isArchived({ name }: Xattr, wanted: ArchivedXattrs): boolean {
  return name === 'security.capability' || (wanted === 'user' && name.startsWith('user.'));
}

function asBytes({ name, value }: Xattr): { name: ByteString; value: ByteString } {
  return { name: name as ByteString, value: value.toString('latin1') as ByteString };
}

/** Spec: `dev_t` as glibc's `gnu_dev_major` and `gnu_dev_minor` take it apart. */
function deviceNumbers(rdev: bigint): { deviceMajor: number; deviceMinor: number } {
  return {
    deviceMajor: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    deviceMinor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
  };
}

function floorSeconds(nanoseconds: bigint): number {
  const seconds = nanoseconds / 1_000_000_000n;
  return Number(nanoseconds < 0n && nanoseconds % 1_000_000_000n !== 0n ? seconds - 1n : seconds);
}
