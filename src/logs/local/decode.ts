import { formatTime } from '../../base/mod.ts';
import type { LogRecord, PartialLine } from '../logs.ts';
import { FIELD, FRAME, MAX_MESSAGE, readBigVarint, readVarint } from './wire.ts';

const NEWLINE = 0x0a;
/** The shortest message: a source, and at most nothing else. */
const MIN_MESSAGE = 8;
const STREAM = Buffer.from([FIELD.source, 6, 0x73, 0x74, 0x64]);

/** The length of the record at `at` of `bytes[0, end)`: -1 if it is damaged, 0 if its end is not there yet. */
export function recordLength(bytes: Buffer, at: number, end: number): number {
  if (end - at < FRAME / 2) return 0;
  const length = bytes.readUInt32BE(at);
  if (length < MIN_MESSAGE || length > MAX_MESSAGE) return -1;
  if (end - at < FRAME + length) {
    const shown = Math.min(STREAM.length, end - at - FRAME / 2);
    return bytes.compare(STREAM, 0, shown, at + FRAME / 2, at + FRAME / 2 + shown) === 0 ? 0 : -1;
  }
  return bytes.readUInt32BE(at + FRAME / 2 + length) === length ? FRAME + length : -1;
}

/**
 * Behind damage: where in `bytes[from, end)` the next whole record begins, or might begin; `end` if nowhere. Its
 * length stands before its source, so the search is for a source that has one.
 */
export function nextRecord(bytes: Buffer, from: number, end: number): number {
  for (let at = from; ; ) {
    const source = bytes.indexOf(STREAM, at);
    if (source < 0 || source >= end) return Math.max(from, end - FRAME / 2 - STREAM.length);
    const start = source - FRAME / 2;
    if (start >= from && recordLength(bytes, start, end) >= 0) return start;
    at = source + 1;
  }
}

/** Reads the message `bytes[from, to)`; undefined if it is damaged. Fields that it does not know are passed over. */
export function decodeMessage(bytes: Buffer, from: number, to: number): LogRecord | undefined {
  let stream: string | undefined;
  let time = 0n;
  let text = { from, to: from };
  let isPartial = false;
  let partial: PartialLine | undefined;
  const attrs: Record<string, string> = {};
  for (let at = from; at < to; ) {
    const tag = bytes[at++] ?? 0;
    if (tag === FIELD.time) {
      const found = readBigVarint(bytes, at, to);
      if (!found) return undefined;
      time = found.value;
      at = found.next;
      continue;
    }
    const found = readVarint(bytes, at, to);
    if (!found) return undefined;
    at = found.next;
    if (tag === FIELD.partial) isPartial = found.value === 1;
    if ((tag & 7) === 0) continue;
    const end = at + found.value;
    if ((tag & 7) !== 2 || end > to) return undefined;
    if (tag === FIELD.source) stream = bytes.toString('latin1', at, end);
    else if (tag === FIELD.line) text = { from: at, to: end };
    else if (tag === FIELD.metadata) partial = decodePartial(bytes, at, end);
    else if (tag === FIELD.attribute) addAttribute(attrs, bytes, at, end);
    at = end;
  }
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  if (isPartial) partial ??= { id: '', ordinal: 0, last: false };
  const ends = !partial || partial.last;
  const line = new Uint8Array(text.to - text.from + (ends ? 1 : 0));
  line.set(bytes.subarray(text.from, text.to));
  if (ends) line[line.length - 1] = NEWLINE;
  const record: LogRecord = { stream, time: formatTime(time), line };
  if (partial) record.partial = partial;
  if (Object.keys(attrs).length > 0) record.attrs = attrs;
  return record;
}

function decodePartial(bytes: Buffer, from: number, to: number): PartialLine {
  const partial: PartialLine = { id: '', ordinal: 0, last: false };
  for (let at = from; at < to; ) {
    const tag = bytes[at++] ?? 0;
    const found = readVarint(bytes, at, to);
    if (!found) break;
    at = found.next;
    if (tag === 0x08) partial.last = found.value === 1;
    else if (tag === 0x18) partial.ordinal = found.value;
    else if (tag === 0x12) {
      partial.id = bytes.toString('latin1', at, Math.min(to, at + found.value));
      at += found.value;
    } else break;
  }
  return partial;
}

function addAttribute(attrs: Record<string, string>, bytes: Buffer, from: number, to: number): void {
  let key = '';
  let value = '';
  for (let at = from; at < to; ) {
    const tag = bytes[at++] ?? 0;
    const found = readVarint(bytes, at, to);
    if (!found || (tag & 7) !== 2) return;
    const end = Math.min(to, found.next + found.value);
    if (tag === 0x0a) key = bytes.toString('utf8', found.next, end);
    else if (tag === 0x12) value = bytes.toString('utf8', found.next, end);
    at = end;
  }
  attrs[key] = value;
}
