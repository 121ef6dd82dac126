import { fchmodSync, fchownSync, fstatSync } from 'node:fs';
import { cString, readXattrsFd, setTimesFd, setXattrFd, type Xattr } from '../../sys/mod.ts';

/** What a file or directory has besides its content; without overlayfs's own marks. */
export interface Attributes {
  uid: number;
  gid: number;
  mode: number;
  seconds: number;
  nanoseconds: number;
  xattrs: Xattr[];
}

/** The attributes of what a descriptor (perhaps an O_PATH one) stands for. */
export function readAttributes(fd: number): Attributes {
  const stat = fstatSync(fd, { bigint: true });
  return {
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mode: Number(stat.mode) & 0o7777,
    seconds: Number(stat.mtimeNs / 1_000_000_000n),
    nanoseconds: Number(stat.mtimeNs % 1_000_000_000n),
    xattrs: readXattrsFd(fd).filter(({ name }) => !name.startsWith('trusted.overlay.')),
  };
}

/** Gives an open file or directory these attributes. The mode comes after the owner, which takes setuid away. */
export function applyAttributes(fd: number, attributes: Attributes): void {
  fchownSync(fd, attributes.uid, attributes.gid);
  fchmodSync(fd, attributes.mode);
  for (const { name, value } of attributes.xattrs) setXattrFd(fd, cString(name, 'latin1'), value);
  setTimesFd(fd, attributes.seconds, attributes.nanoseconds);
}
