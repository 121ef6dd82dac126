import { EngineError } from '../../base/mod.ts';
import type { LogConfig } from '../../spec/docker/mod.ts';
import type { FormatName } from '../files/record-format.ts';
import { DEFAULT_LIMITS, type FileLimits, jsonFileLimits, localLimits } from './file-options.ts';
import { goBool, ramSize } from './go-values.ts';
import { isSender, SENDERS, type SenderName } from './sender-names.ts';

/** What is done with output. */
export type Driver =
  | { kind: 'none' }
  | {
      kind: 'file';
      format: FormatName;
      /** Where the file is. */
      place: 'json-file' | 'local' | 'cache' | 'spool';
      limits: FileLimits;
      /** Its records also go to a receiver. */
      sender?: SenderName;
      /**
       * Bytes that its receiver may be behind before the oldest of them are dropped; undefined = the container waits
       * instead. A file is written at once, in either mode.
       */
      buffer?: number;
    };

/** The drivers that `docker info` lists. Compat: `none` is not in Docker's list either. */
export const DRIVER_NAMES: string[] = ['json-file', 'local', ...SENDERS].sort();

/** Where `cache-disabled` is set, what a receiver has yet to get is kept in a small file in memory. */
const SPOOL: FileLimits = { maxSize: 1024 * 1024, maxFiles: 3, compress: false };

/** Compat: moby `daemon/logger/ring.go`, defaultRingMaxSize. */
const DEFAULT_BUFFER = 1_000_000;

const COMMON = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const FILE_OPTIONS = new Set(['max-file', 'max-size', 'compress', ...COMMON]);
const BUILT_IN = new Set([
  'mode',
  'max-buffer-size',
  'cache-disabled',
  ...['max-file', 'max-size', 'compress', ...COMMON].map((key) => `cache-${key}`),
]);

/** As `resolveDriver`, and checks the options that are a sender's own. */
export async function checkDriver(config: LogConfig, defaults: FileLimits = DEFAULT_LIMITS): Promise<Driver> {
  const driver = resolveDriver(config, defaults);
  if (driver.kind === 'file' && driver.sender) {
    const { checkSender } = await import('./check-sender.ts');
    checkSender(driver.sender, senderOptions(config));
  }
  return driver;
}

/** Resolves a LogConfig; throws `invalid` in Docker's words. */
export function resolveDriver(config: LogConfig, defaults: FileLimits = DEFAULT_LIMITS): Driver {
  // Compat: logger.ValidateLogOpts asks nothing of `none`.
  if (config.Type === 'none') return { kind: 'none' };
  const options = config.Config ?? {};
  const type = config.Type === '' ? 'json-file' : config.Type;
  const buffer = bufferOf(options);
  const cached = checkCache(options);
  const mode = buffer === undefined ? {} : { buffer };
  if (type === 'json-file') {
    checkNames(options, `for json-file log driver`);
    return { kind: 'file', format: type, place: type, limits: jsonFileLimits(options, defaults), ...mode };
  }
  if (type === 'local') {
    checkNames(options, `for log driver local`);
    return { kind: 'file', format: type, place: type, limits: localLimits(options), ...mode };
  }
  if (!isSender(type))
    throw new EngineError('invalid', `logger: no log driver named '${type}' is registered`);
  return {
    kind: 'file',
    format: 'local',
    place: cached ? 'cache' : 'spool',
    limits: cached ? localLimits(options, 'cache-') : spoolFor(buffer),
    sender: type,
    ...mode,
  };
}

/** The files behind the current one have room for the buffer. */
function spoolFor(buffer = 0): FileLimits {
  return { ...SPOOL, maxSize: Math.max(SPOOL.maxSize, Math.ceil(buffer / (SPOOL.maxFiles - 1))) };
}

/** The options that are the sender's own. */
export function senderOptions(config: LogConfig): Record<string, string> {
  return Object.fromEntries(Object.entries(config.Config ?? {}).filter(([key]) => !BUILT_IN.has(key)));
}

function checkNames(options: Record<string, string>, where: string): void {
  for (const key of Object.keys(options)) {
    if (BUILT_IN.has(key) || FILE_OPTIONS.has(key)) continue;
    throw new EngineError('invalid', `unknown log opt '${key}' ${where}`);
  }
}

/** `max-buffer-size` of the mode `non-blocking`; undefined if the container waits for its receiver. */
function bufferOf(options: Record<string, string>): number | undefined {
  const mode = options['mode'] ?? '';
  if (mode !== '' && mode !== 'blocking' && mode !== 'non-blocking') {
    throw new EngineError('invalid', `logger: logging mode not supported: ${mode}`);
  }
  const size = options['max-buffer-size'];
  if (size !== undefined && mode !== 'non-blocking') {
    throw new EngineError(
      'invalid',
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    );
  }
  if (mode !== 'non-blocking') return undefined;
  try {
    return size === undefined ? DEFAULT_BUFFER : ramSize(size);
  } catch {
    throw new EngineError('invalid', `error parsing option max-buffer-size: invalid size: '${size}'`);
  }
}

/** False if `docker logs` is to have nothing of what a receiver gets. */
function checkCache(options: Record<string, string>): boolean {
  const disabled = options['cache-disabled'] ?? '';
  if (disabled === '') return true;
  try {
    return !goBool(disabled);
  } catch {
    throw new EngineError('invalid', `invalid value for option cache-disabled: ${disabled}`);
  }
}
