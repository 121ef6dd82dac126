import type { ByteString } from './byte-string.ts';
import type { Fragment } from './sparse.ts';

export const BLOCK = 512;

/** Spec: POSIX.1-2017, pax, "ustar Interchange Format", typeflag; the ones that stand for a file. */
export const ENTRY_TYPES = {
  file: '0',
  hardLink: '1',
  symlink: '2',
  characterDevice: '3',
  blockDevice: '4',
  directory: '5',
  fifo: '6',
} as const;

/** One member of an archive, with what its extended headers said already applied. */
export interface TarEntry {
  /** As written, not cleaned. */
  name: ByteString;
  /** One of ENTRY_TYPES, or whatever else stood there. */
  type: string;
  linkName: ByteString;
  /** Permission bits, with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  userName: ByteString;
  groupName: ByteString;
  /** Bytes of content; 0 for all that have none. Of a sparse file its size with the holes. */
  size: number;
  /** Of a sparse file: the pieces that the archive has, in order. */
  fragments?: readonly Fragment[];
  mtime: Timestamp;
  deviceMajor: number;
  deviceMinor: number;
  /** From `SCHILY.xattr.*`, in order. */
  xattrs: { name: ByteString; value: ByteString }[];
}

/** Seconds since 1970, perhaps negative, and 0 to 999,999,999 nanoseconds to add. */
export interface Timestamp {
  seconds: number;
  nanoseconds: number;
}

/** An archive that cannot be read. The message is the one that Docker's reader would give, where it has one. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

export const INVALID_HEADER = 'archive/tar: invalid tar header';
