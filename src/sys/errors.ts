import { constants } from 'node:os';

/** Of two names for one number the first: EAGAIN, not EWOULDBLOCK. */
const NAMES = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, value]) => [value, name]),
);

/** A system call that failed. `code` is the errno's name, as on Node's own errors. */
export class SysError extends Error {
  override readonly name = 'SysError';
  readonly call: string;
  readonly errno: number;
  readonly code: string;
  readonly path: string | undefined;

  constructor(call: string, errno: number, path?: string) {
    const code = NAMES.get(errno) ?? `E${errno}`;
    super(`${call}${path === undefined ? '' : ` ${path}`}: ${code}`);
    this.call = call;
    this.errno = errno;
    this.code = code;
    this.path = path;
  }
}

/** The result of a call that gives `-errno` on error; throws for those. */
export function must(call: string, result: number, path?: string): number {
  if (result < 0) throw new SysError(call, -result, path);
  return result;
}
