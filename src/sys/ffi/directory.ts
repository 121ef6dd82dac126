import type { CString } from './file-calls.ts';
import { koffi } from './koffi.ts';
import { libc, tryCall } from './libc.ts';

const getdentsC = libc.func('getdents64', 'intptr_t', ['int', 'void *', 'size_t']);
const unlinkatC = libc.func('unlinkat', 'int', ['int', 'void *', 'int']);
const renameatC = libc.func('renameat', 'int', ['int', 'void *', 'int', 'void *']);

/** Spec: getdents64(2), `struct linux_dirent64`: u64 inode, s64 offset, u16 length, u8 type, name. */
const LENGTH_AT = 16;
const TYPE_AT = 18;
const NAME_AT = 19;
const DT_DIR = 4;
const DOT = 0x2e;

const buffer = Buffer.alloc(64 * 1024);
const address = koffi.address(buffer) as bigint;

/**
 * Unlinks the next names in the open directory `fd` that are not directories; these are given, as is what fails (with
 * `-errno`). Gives 0 at the end, `-errno` on error. The kernel reads each name where it wrote it: a hundred thousand
 * of them make no garbage.
 */
export function unlinkNext(fd: number, onLeft: (name: CString, result: number) => void): number {
  const length = tryCall(() => Number(getdentsC(fd, buffer, buffer.length)));
  for (let at = 0; at < length; at += buffer.readUInt16LE(at + LENGTH_AT)) {
    const name = at + NAME_AT;
    if (buffer[name] === DOT && isDots(name)) continue;
    const isDirectory = buffer[at + TYPE_AT] === DT_DIR;
    const result = isDirectory ? -EISDIR : tryCall(() => unlinkatC(fd, address + BigInt(name), 0));
    if (result < 0)
      onLeft(Uint8Array.from(buffer.subarray(name, buffer.indexOf(0, name) + 1)) as CString, result);
  }
  return length;
}

const EISDIR = 21;

/** `.` or `..`. */
function isDots(at: number): boolean {
  return buffer[at + 1] === 0 || (buffer[at + 1] === DOT && buffer[at + 2] === 0);
}

/** renameat(2); `-errno` on error. */
export function renameAt(fromDir: number, from: CString, toDir: number, to: CString): number {
  return tryCall(() => renameatC(fromDir, from, toDir, to));
}
