import { constants } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import { type ByteString, displayBytes } from '../../../spec/tar/mod.ts';
import { SysError } from '../../../sys/mod.ts';

/** A name for messages. */
export function quote(name: ByteString): string {
  return JSON.stringify(displayBytes(name));
}

/** Compat: tar-split, and so Docker, refuses such layers in these words. */
export function duplicate(): EngineError {
  return new EngineError('invalid', 'duplicates of file paths not supported');
}

const HOSTILE = new Set([
  constants.errno.ENOTDIR,
  constants.errno.ENAMETOOLONG,
  constants.errno.ELOOP,
  constants.errno.ENOENT,
  constants.errno.EPERM,
  constants.errno.EINVAL,
  constants.errno.EXDEV,
  constants.errno.EFBIG,
  constants.errno.EMLINK,
]);

/** A call on a member's path that gave `-errno`: the archive's fault, or the machine's. */
export function failed(call: string, path: ByteString, result: number): EngineError {
  const cause = new SysError(call, -result, displayBytes(path));
  return new EngineError(HOSTILE.has(-result) ? 'invalid' : 'internal', cause.message, { cause });
}
