/**
 * The structured logger that rooms are handed. Constant message, variable fields. Levels: `error` = somebody must
 * act, `warn` = degraded, `info` = a change of state, `debug` = each command run.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each line. */
  with(fields: LogFields): Logger;
}

export type LogFields = Record<string, unknown>;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes one line for each record, in logfmt: `time="…" level=info msg="…" key=value`. */
export function createLogger(
  write: (line: string) => void,
  level: () => LogLevel = () => 'info',
  bound: LogFields = {},
): Logger {
  const emit = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level())) return;
    const all = { ...bound, ...fields };
    const pairs = Object.entries(all).map(([key, value]) => ` ${key}=${format(value)}`);
    write(`time="${new Date().toISOString()}" level=${at} msg=${JSON.stringify(message)}${pairs.join('')}\n`);
  };
  return {
    error: emit('error'),
    warn: emit('warn'),
    info: emit('info'),
    debug: emit('debug'),
    with: (fields) => createLogger(write, level, { ...bound, ...fields }),
  };
}

/** A logger that says nothing, for tests. */
export const silentLogger: Logger = createLogger(() => {});

function format(value: unknown): string {
  const text =
    value instanceof Error ? value.message : typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@-]+$/.test(text ?? '') ? text : JSON.stringify(text ?? null);
}
