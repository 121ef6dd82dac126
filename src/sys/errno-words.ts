import { constants } from 'node:os';

/** Go's texts for the errors that a path of a user's can end in; the errno's name for others. */
const WORDS: Record<number, string> = {
  [constants.errno.ENOENT]: 'no such file or directory',
  [constants.errno.ENOTDIR]: 'not a directory',
  [constants.errno.EISDIR]: 'is a directory',
  [constants.errno.ELOOP]: 'too many levels of symbolic links',
  [constants.errno.ENAMETOOLONG]: 'file name too long',
  [constants.errno.EBUSY]: 'device or resource busy',
  [constants.errno.EROFS]: 'read-only file system',
  [constants.errno.ENOSPC]: 'no space left on device',
  [constants.errno.EDQUOT]: 'disk quota exceeded',
  [constants.errno.EPERM]: 'operation not permitted',
  [constants.errno.EACCES]: 'permission denied',
  [constants.errno.EEXIST]: 'file exists',
  [constants.errno.EXDEV]: 'invalid cross-device link',
  [constants.errno.EINVAL]: 'invalid argument',
  [constants.errno.ENOTEMPTY]: 'directory not empty',
  [constants.errno.EMLINK]: 'too many links',
  [constants.errno.ETXTBSY]: 'text file busy',
  [constants.errno.ENODEV]: 'no such device',
  [constants.errno.ENXIO]: 'no such device or address',
  // Of block devices; not in every table of constants.
  15: 'block device required',
  [constants.errno.EIO]: 'input/output error',
  [constants.errno.ENOMEM]: 'cannot allocate memory',
  [constants.errno.ENOSYS]: 'function not implemented',
  [constants.errno.EOPNOTSUPP]: 'operation not supported',
  [constants.errno.ENETDOWN]: 'network is down',
  [constants.errno.ETIMEDOUT]: 'connection timed out',
  [constants.errno.ECONNREFUSED]: 'connection refused',
  [constants.errno.EHOSTUNREACH]: 'no route to host',
  [constants.errno.ENETUNREACH]: 'network is unreachable',
  [constants.errno.EPROTONOSUPPORT]: 'protocol not supported',
  [constants.errno.ESTALE]: 'stale NFS file handle',
};

/** What an errno means, in the words that Docker's users know. */
export function errnoWords(errno: number): string {
  return WORDS[errno] ?? `errno ${errno}`;
}
