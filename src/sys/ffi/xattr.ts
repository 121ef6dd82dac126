import type { CString } from './file-calls.ts';
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

const list = Buffer.alloc(65536);
const value = Buffer.alloc(65536);

/** All extended attributes of a path, a link's own; none where the filesystem has no such thing. */
export function readXattrs(path: CString): { name: string; value: Buffer }[] {
  const length = tryCall(() => Number(llistxattrC(path, list, list.length)));
  if (length <= 0) return [];
  const names = list.toString('latin1', 0, length - 1).split('\0');
  return names.flatMap((name) => {
    const size = readInto(path, name);
    return size < 0 ? [] : [{ name, value: Buffer.from(value.subarray(0, size)) }];
  });
}

/** One extended attribute, undefined if there is none. */
export function readXattr(path: CString, name: string): Buffer | undefined {
  const size = readInto(path, name);
  return size < 0 ? undefined : Buffer.from(value.subarray(0, size));
}

function readInto(path: CString, name: string): number {
  const cName = Buffer.from(`${name}\0`, 'latin1');
  return tryCall(() => Number(lgetxattrC(path, cName, value, value.length)));
}
