import { EngineError } from '../../base/mod.ts';
import type { LogConfig } from '../../spec/docker/mod.ts';

/** What a driver does with output; `path` comes with the container. */
export type Driver = { kind: 'none' } | ({ kind: 'json-file' } & FileLimits);

export interface FileLimits {
  /** Bytes at which a file is rotated; Infinity = never. */
  maxSize: number;
  /** Files kept, the current one included. */
  maxFiles: number;
}

/** The drivers that `docker info` lists. Compat: `none` is not in Docker's list either. */
export const DRIVER_NAMES = ['json-file'] as const;

/** Compat: ours. Docker's json-file grows without limit unless told otherwise. */
export const DEFAULT_LIMITS: FileLimits = { maxSize: 100_000_000, maxFiles: 5 };

const OPTIONS = new Set([
  'max-file',
  'max-size',
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
]);

/** Checks a LogConfig and resolves it; throws `invalid` in Docker's words. */
export function resolveDriver(config: LogConfig, defaults: FileLimits = DEFAULT_LIMITS): Driver {
  // Compat: logger.ValidateLogOpts asks nothing of `none`.
  if (config.Type === 'none') return { kind: 'none' };
  const options = config.Config ?? {};
  checkMode(options);
  if (config.Type !== 'json-file' && config.Type !== '') {
    throw new EngineError('invalid', `logger: no log driver named '${config.Type}' is registered`);
  }
  for (const key of Object.keys(options)) {
    if (key === 'mode' || key === 'max-buffer-size' || OPTIONS.has(key)) continue;
    throw new EngineError('invalid', `unknown log opt '${key}' for json-file log driver`);
  }
  const limits = fileLimits(options, defaults);
  checkCompress(options, limits);
  return { kind: 'json-file', ...limits };
}

function fileLimits(options: Record<string, string>, defaults: FileLimits): FileLimits {
  const size = options['max-size'];
  const files = options['max-file'];
  let maxFiles = defaults.maxFiles;
  if (files !== undefined) {
    if (!/^[+-]?\d+$/.test(files)) {
      throw new EngineError('invalid', `strconv.Atoi: parsing ${JSON.stringify(files)}: invalid syntax`);
    }
    maxFiles = Number(files);
    if (maxFiles < 1) throw new EngineError('invalid', 'max-file cannot be less than 1');
  } else if (size !== undefined) {
    // Compat: who names a size and no number of files gets one file, as on Docker.
    maxFiles = 1;
  }
  return { maxSize: size === undefined ? defaults.maxSize : parseSize(size), maxFiles };
}

function checkMode(options: Record<string, string>): void {
  const mode = options['mode'];
  if (mode !== undefined && mode !== '' && mode !== 'blocking' && mode !== 'non-blocking') {
    throw new EngineError('invalid', `logger: logging mode not supported: ${mode}`);
  }
  const buffer = options['max-buffer-size'];
  if (buffer === undefined) return;
  if (mode !== 'non-blocking') {
    throw new EngineError(
      'invalid',
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    );
  }
  if (humanSize(buffer) === undefined) {
    throw new EngineError('invalid', `error parsing option max-buffer-size: invalid size: '${buffer}'`);
  }
}

/** `compress` is checked; rotated files stay plain until compressed reading exists. */
function checkCompress(options: Record<string, string>, limits: FileLimits): void {
  const compress = options['compress'];
  if (compress === undefined) return;
  if (!/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(compress)) {
    throw new EngineError(
      'invalid',
      `strconv.ParseBool: parsing ${JSON.stringify(compress)}: invalid syntax`,
    );
  }
  const on = /^(1|t)/i.test(compress);
  if (on && (limits.maxFiles < 2 || limits.maxSize === Infinity)) {
    throw new EngineError(
      'invalid',
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    );
  }
}

function parseSize(text: string): number {
  // Docker's documentation calls -1 "unlimited" (its code refuses it); here it means that.
  if (text === '-1') return Infinity;
  const size = humanSize(text);
  if (size === undefined) throw new EngineError('invalid', `invalid size: '${text}'`);
  if (size <= 0) throw new EngineError('invalid', 'max-size must be a positive number');
  return size;
}

/** Compat: go-units FromHumanSize: decimal units, `k`, `kb` and `kib` all alike. */
function humanSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])?i?b?)$/i.exec(text);
  if (!match) return undefined;
  const power = ' kmgtp'.indexOf((match[2] ?? ' ').toLowerCase());
  return Math.floor(Number(match[1]) * 1000 ** power);
}
