import type { LogRecord } from '../logs.ts';

const HEAD = Buffer.from('{"log":"');
const TIME = Buffer.from(',"time":"');
const STREAMS = [
  { stream: 'stdout', mark: Buffer.from('","stream":"stdout"') },
  { stream: 'stderr', mark: Buffer.from('","stream":"stderr"') },
] as const;
const MIN_TIME = 20;
const MAX_TIME = 35;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const NEWLINE = 0x0a;

/**
 * Reads one record, `bytes[from, to)` without its newline; undefined if it is damaged. A damaged start (a hole of
 * zeros after a power cut, half a record) does not hide a whole record on the same line.
 */
export function decodeRecord(bytes: Buffer, from: number, to: number): LogRecord | undefined {
  const quick = decodePlain(bytes, from, to);
  if (quick) return quick;
  const whole = decodeJson(bytes, from, to);
  if (whole) return whole;
  const start = bytes.subarray(from, to).lastIndexOf(HEAD);
  return start > 0 ? decodeJson(bytes, from + start, to) : undefined;
}

/** The common case, without a parser: nothing escaped but the newline at the end, and no attributes. */
function decodePlain(bytes: Buffer, from: number, to: number): LogRecord | undefined {
  if (to - from < 64 || bytes[to - 2] !== QUOTE || !startsWith(bytes, from, HEAD)) return undefined;
  const time = bytes.lastIndexOf(QUOTE, to - 3) + 1;
  const length = to - 2 - time;
  if (length < MIN_TIME || length > MAX_TIME || !startsWith(bytes, time - TIME.length, TIME))
    return undefined;
  const textAt = from + HEAD.length;
  for (const { stream, mark } of STREAMS) {
    const end = time - TIME.length - mark.length;
    if (end < textAt || !startsWith(bytes, end, mark)) continue;
    const escapeAt = bytes.indexOf(BACKSLASH, textAt);
    const plain = escapeAt < 0 || escapeAt >= end;
    if (!plain && (escapeAt !== end - 2 || bytes[end - 1] !== 0x6e)) return undefined;
    const line = new Uint8Array(plain ? end - textAt : end - textAt - 1);
    line.set(bytes.subarray(textAt, textAt + line.length));
    if (!plain) line[line.length - 1] = NEWLINE;
    return { stream, time: bytes.toString('latin1', time, to - 2), line };
  }
  return undefined;
}

function startsWith(bytes: Buffer, at: number, mark: Buffer): boolean {
  if (at < 0) return false;
  for (let i = 0; i < mark.length; i++) if (bytes[at + i] !== mark[i]) return false;
  return true;
}

function decodeJson(bytes: Buffer, from: number, to: number): LogRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', from, to));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { log, stream, time, attrs } = value as Record<string, unknown>;
  if (typeof time !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
  // Compat: Docker leaves `log` out of a record without text.
  const line = new TextEncoder().encode(typeof log === 'string' ? log : '');
  const record: LogRecord = { stream, time, line };
  if (typeof attrs === 'object' && attrs !== null) record.attrs = attrs as Record<string, string>;
  return record;
}
