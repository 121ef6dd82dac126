import { type CString, cString } from './file-calls.ts';
import { libc, tryCall } from './libc.ts';

const lsetxattrC = libc.func('lsetxattr', 'int', ['void *', 'void *', 'void *', 'size_t', 'int']);
const fsetxattrC = libc.func('fsetxattr', 'int', ['int', 'void *', 'void *', 'size_t', 'int']);
const llistxattrC = libc.func('llistxattr', 'intptr_t', ['void *', 'void *', 'size_t']);
const lgetxattrC = libc.func('lgetxattr', 'intptr_t', ['void *', 'void *', 'void *', 'size_t']);

/** lsetxattr(2). The path may be `/proc/self/fd/N/name`. Gives `-errno` on error. */
export function setXattr(path: CString, name: CString, value: Uint8Array): number {
  return tryCall(() => lsetxattrC(path, name, value, value.length, 0));
}

/** fsetxattr(2); not for O_PATH descriptors. */
export function setXattrFd(fd: number, name: CString, value: Uint8Array): number {
  return tryCall(() => fsetxattrC(fd, name, value, value.length, 0));
}

const listxattrC = libc.func('listxattr', 'intptr_t', ['void *', 'void *', 'size_t']);
const getxattrC = libc.func('getxattr', 'intptr_t', ['void *', 'void *', 'void *', 'size_t']);

const list = Buffer.alloc(65536);
const value = Buffer.alloc(65536);

export interface Xattr {
  /** One character is one byte. */
  name: string;
  value: Buffer;
}

/** All extended attributes of a path, a link's own; none where the filesystem has no such thing. */
export function readXattrs(path: CString): Xattr[] {
  return readAll(
    () => Number(llistxattrC(path, list, list.length)),
    (name) => Number(lgetxattrC(path, name, value, value.length)),
  );
}

/** All extended attributes of what a descriptor stands for, which may be an O_PATH one. */
export function readXattrsFd(fd: number): Xattr[] {
  const path = cString(`/proc/self/fd/${fd}`);
  return readAll(
    () => Number(listxattrC(path, list, list.length)),
    (name) => Number(getxattrC(path, name, value, value.length)),
  );
}

function readAll(listNames: () => number, get: (name: CString) => number): Xattr[] {
  const length = tryCall(listNames);
  if (length <= 0) return [];
  const names = list.toString('latin1', 0, length - 1).split('\0');
  return names.flatMap((name) => {
    const size = tryCall(() => get(cString(name, 'latin1')));
    return size < 0 ? [] : [{ name, value: Buffer.from(value.subarray(0, size)) }];
  });
}
