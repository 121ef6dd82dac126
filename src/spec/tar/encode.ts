import type { ByteString } from './byte-string.ts';
import { BLOCK, ENTRY_TYPES, type TarEntry } from './entry.ts';

/** What an entry is if nothing is said. */
const DEFAULTS: TarEntry = {
  name: '' as ByteString,
  type: ENTRY_TYPES.file,
  linkName: '' as ByteString,
  mode: 0o644,
  uid: 0,
  gid: 0,
  userName: '' as ByteString,
  groupName: '' as ByteString,
  size: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: [],
};

const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

/**
 * The header blocks of an entry: ustar, after a pax extended header for what does not fit in there. Its content and
 * `padding(size)` follow.
 */
export function encodeHeader(entry: Partial<TarEntry>): Buffer {
  const full = { ...DEFAULTS, ...entry };
  const records = paxRecords(full);
  if (records.length === 0) return encodeBlock(full);
  const data = Buffer.from(records.join(''), 'latin1');
  const name = `PaxHeaders.0/${full.name.slice(-60)}` as ByteString;
  const head = encodeBlock({ ...DEFAULTS, name, type: 'x', size: data.length });
  return Buffer.concat([head, data, padding(data.length), encodeBlock(full)]);
}

/** Zeros up to the end of the block in which `size` bytes of content end. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The two blocks that end an archive. */
export const END_OF_ARCHIVE: Uint8Array = new Uint8Array(2 * BLOCK);

function paxRecords(entry: TarEntry): string[] {
  const records: string[] = [];
  if (needsPax(entry.name)) records.push(record('path', entry.name));
  if (needsPax(entry.linkName)) records.push(record('linkpath', entry.linkName));
  if (entry.size > MAX_OCTAL_11) records.push(record('size', String(entry.size)));
  if (entry.uid > MAX_OCTAL_7) records.push(record('uid', String(entry.uid)));
  if (entry.gid > MAX_OCTAL_7) records.push(record('gid', String(entry.gid)));
  const { seconds, nanoseconds } = entry.mtime;
  if (nanoseconds !== 0 || seconds < 0 || seconds > MAX_OCTAL_11) {
    records.push(record('mtime', formatTime(seconds, nanoseconds)));
  }
  for (const { name, value } of entry.xattrs) records.push(record(`SCHILY.xattr.${name}`, value));
  return records;
}

function needsPax(text: ByteString): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the question is whether all are ASCII
  return text.length > 100 || !/^[\x00-\x7f]*$/.test(text);
}

function formatTime(seconds: number, nanoseconds: number): string {
  const negative = seconds < 0;
  const whole = negative && nanoseconds > 0 ? -seconds - 1 : Math.abs(seconds);
  const fraction = negative && nanoseconds > 0 ? 1e9 - nanoseconds : nanoseconds;
  return `${negative ? '-' : ''}${whole}.${String(fraction).padStart(9, '0')}`;
}

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function encodeBlock(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(block, 100, 8, entry.mode);
  octal(block, 108, 8, entry.uid);
  octal(block, 116, 8, entry.gid);
  octal(block, 124, 12, entry.size);
  octal(block, 136, 12, Math.max(0, entry.mtime.seconds));
  block.write('        ', 148, 'latin1');
  block.write(entry.type, 156, 'latin1');
  block.write(entry.linkName.slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(entry.userName.slice(0, 32), 265, 'latin1');
  block.write(entry.groupName.slice(0, 32), 297, 'latin1');
  octal(block, 329, 8, entry.deviceMajor);
  octal(block, 337, 8, entry.deviceMinor);
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += block[at] as number;
  octal(block, 148, 7, sum);
  return block;
}

/** A number that does not fit is written as 0: a pax record has it. */
function octal(block: Buffer, at: number, width: number, value: number): void {
  let rest = value < 8 ** (width - 1) ? value : 0;
  for (let digit = at + width - 2; digit >= at; digit--) {
    block[digit] = 48 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
  block[at + width - 1] = 0;
}
