import { EngineError, messageOf } from '../../base/mod.ts';
import { goBool, goInt, humanSize } from './go-values.ts';

export interface FileLimits {
  /** Bytes at which a file is rotated; Infinity = never. */
  maxSize: number;
  /** Files kept, the current one included. */
  maxFiles: number;
  /** Rotated files are compressed. */
  compress: boolean;
}

/** Compat: ours. Docker's json-file grows without limit unless told otherwise. */
export const DEFAULT_LIMITS: FileLimits = { maxSize: 100_000_000, maxFiles: 5, compress: false };

/** Compat: moby `daemon/logger/local/config.go`. */
export const LOCAL_LIMITS: FileLimits = { maxSize: 20 * 1024 * 1024, maxFiles: 5, compress: true };

/** Options of `json-file`; throws `invalid` in Docker's words. */
export function jsonFileLimits(options: Record<string, string>, defaults: FileLimits): FileLimits {
  const size = options['max-size'];
  const files = options['max-file'];
  let maxFiles = defaults.maxFiles;
  if (files !== undefined) {
    maxFiles = goInt(files);
    if (maxFiles < 1) throw new EngineError('invalid', 'max-file cannot be less than 1');
  } else if (size !== undefined) {
    // Compat: who names a size and no number of files gets one file, as on Docker.
    maxFiles = 1;
  }
  const maxSize = size === undefined ? defaults.maxSize : jsonFileSize(size);
  const compress = options['compress'] === undefined ? defaults.compress : goBool(options['compress']);
  if (compress && (maxFiles < 2 || maxSize === Number.POSITIVE_INFINITY)) {
    throw new EngineError(
      'invalid',
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    );
  }
  return { maxSize, maxFiles, compress };
}

function jsonFileSize(text: string): number {
  // Docker's documentation calls -1 "unlimited" (its code refuses it); here it means that.
  if (text === '-1') return Number.POSITIVE_INFINITY;
  const size = humanSize(text);
  if (size === undefined) throw new EngineError('invalid', `invalid size: '${text}'`);
  if (size <= 0) throw new EngineError('invalid', 'max-size must be a positive number');
  return size;
}

/** Options of `local`, or of a cache (which has them with `cache-` before). */
export function localLimits(options: Record<string, string>, prefix = ''): FileLimits {
  const {
    [`${prefix}max-size`]: size,
    [`${prefix}max-file`]: files,
    [`${prefix}compress`]: compress,
  } = options;
  const limits = { ...LOCAL_LIMITS };
  if (size !== undefined) {
    const bytes = humanSize(size);
    if (bytes === undefined) {
      throw new EngineError('invalid', `invalid value for max-size: ${size}: invalid size: '${size}'`);
    }
    limits.maxSize = Math.max(1, bytes);
  }
  if (files !== undefined) {
    limits.maxFiles = prefixed(`invalid value for max-file: ${files}: `, () => goInt(files));
    if (limits.maxFiles < 0) throw new EngineError('invalid', 'max-file must not be negative');
    limits.maxFiles = Math.max(1, limits.maxFiles);
  }
  if (compress !== undefined) {
    limits.compress = prefixed('invalid boolean value for compress: ', () => goBool(compress));
  }
  if (limits.compress && limits.maxFiles < 2) {
    throw new EngineError('invalid', 'compression cannot be enabled when max file count is 1');
  }
  return limits;
}

function prefixed<T>(words: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new EngineError('invalid', `${words}${messageOf(error)}`);
  }
}
