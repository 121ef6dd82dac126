import type { ByteString } from './byte-string.ts';
import { INVALID_HEADER, type TarEntry, TarError, type Timestamp } from './entry.ts';

const XATTR = 'SCHILY.xattr.';

/** Version 0.0 of sparse files repeats these, in pairs; version 0.1 has them in one record. */
const SPARSE_LIST = /^GNU\.sparse\.(offset|numbytes)$/;
const SPARSE_MAP = 'GNU.sparse.map';

/** Spec: POSIX.1-2017, pax, "pax Extended Header": records `length key=value\n`. An empty value deletes. */
export function parsePaxRecords(data: Buffer): Map<string, ByteString> {
  const records = new Map<string, ByteString>();
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(32, at);
    const digits = space < 0 ? '' : data.toString('latin1', at, space);
    const end = at + Number(digits);
    if (!/^[0-9]{1,8}$/.test(digits) || end > data.length || end <= space + 1 || data[end - 1] !== 10) {
      throw new TarError(INVALID_HEADER);
    }
    const equals = data.indexOf(61, space + 1);
    if (equals <= space + 1 || equals >= end) throw new TarError(INVALID_HEADER);
    const key = data.toString('latin1', space + 1, equals);
    const value = data.toString('latin1', equals + 1, end - 1) as ByteString;
    const isText = key === 'path' || key === 'linkpath' || key === 'uname' || key === 'gname';
    if (key.includes('\0') || (isText && value.includes('\0'))) throw new TarError(INVALID_HEADER);
    const listed = SPARSE_LIST.test(key) ? records.get(SPARSE_MAP) : undefined;
    if (!SPARSE_LIST.test(key)) records.set(key, value);
    else records.set(SPARSE_MAP, (listed === undefined ? value : `${listed},${value}`) as ByteString);
    at = end;
  }
  return records;
}

/** Applies the records to the member that they stand before. */
export function applyPax(entry: TarEntry, records: ReadonlyMap<string, ByteString>): void {
  for (const [key, value] of records) {
    if (key.startsWith(XATTR)) {
      entry.xattrs.push({ name: key.slice(XATTR.length) as ByteString, value });
      continue;
    }
    if (value === '') continue;
    if (key === 'path') entry.name = value;
    else if (key === 'linkpath') entry.linkName = value;
    else if (key === 'uname') entry.userName = value;
    else if (key === 'gname') entry.groupName = value;
    else if (key === 'uid') entry.uid = decimal(value);
    else if (key === 'gid') entry.gid = decimal(value);
    else if (key === 'size') entry.size = decimal(value);
    else if (key === 'mtime') entry.mtime = parseTime(value);
  }
}

function decimal(value: string): number {
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new TarError(INVALID_HEADER);
  return number;
}

/** Spec: seconds with a fraction of any length, perhaps negative; what is finer than a nanosecond is cut off. */
export function parseTime(value: string): Timestamp {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (!match) throw new TarError(INVALID_HEADER);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] !== '-') return { seconds, nanoseconds };
  // A negative time is a whole second earlier, plus what is missing to it.
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}
