import type { ByteString } from './byte-string.ts';
import type { Fragment } from './sparse.ts';

/**
 * tar-split: what must be kept beside a layer's unpacked files to give its tar back bit by bit. One JSON object a
 * line, in the order of the archive: segments of raw bytes, and a record for each member (even if it is empty).
 * Spec: the Go module `github.com/vbatts/tar-split`, `tar/storage`, as Docker writes it to `tar-split.json.gz`.
 */
const TAR_SPLIT_FILE = 1;
const TAR_SPLIT_SEGMENT = 2;

/** What is noted of a member. */
export interface TarSplitFile {
  name: ByteString;
  size: number;
  crc: Buffer | undefined;
  /** Of a sparse file: the pieces that the archive has. */
  fragments?: readonly Fragment[];
}

export type TarSplitRecord =
  | { type: 'segment'; bytes: Uint8Array }
  /** `crc` is CRC-64/ISO of the content, eight bytes big-endian; absent for an empty member. */
  | ({ type: 'file' } & TarSplitFile);

/** The line of a segment at `position`. */
export function encodeSegment(bytes: Buffer, position: number): string {
  return `{"type":2,"payload":"${bytes.toString('base64')}","position":${position}}\n`;
}

/**
 * The line of a member. Its name is as in the archive; a name that is not UTF-8 goes into `name_raw`. Size and checksum
 * are those of the file, holes included. Compat: Docker does not note which pieces of a sparse file its archive had, and
 * so cannot give it back; our `sparse` is a field that it does not look at.
 */
export function encodeFile(file: TarSplitFile, position: number): string {
  const { name, size, crc, fragments } = file;
  const sizeField = size > 0 ? `,"size":${size}` : '';
  const payload = crc ? `"${crc.toString('base64')}"` : 'null';
  return `{"type":1,${nameField(name)}${sizeField},"payload":${payload}${sparseField(fragments)},"position":${position}}\n`;
}

function sparseField(fragments: readonly Fragment[] | undefined): string {
  if (!fragments) return '';
  return `,"sparse":${JSON.stringify(fragments.map(({ offset, length }) => [offset, length]))}`;
}

/** Reads one line. Throws a SyntaxError for what is none. */
export function decodeRecord(line: string): TarSplitRecord {
  const record = JSON.parse(line) as {
    type?: number;
    name?: string;
    name_raw?: string;
    size?: number;
    payload?: string | null;
    sparse?: [number, number][];
  };
  const payload = Buffer.from(record.payload ?? '', 'base64');
  if (record.type === TAR_SPLIT_SEGMENT) return { type: 'segment', bytes: payload };
  if (record.type !== TAR_SPLIT_FILE) throw new SyntaxError(`tar-split: unknown type ${record.type}`);
  const name =
    record.name_raw === undefined
      ? Buffer.from(record.name ?? '', 'utf8').toString('latin1')
      : Buffer.from(record.name_raw, 'base64').toString('latin1');
  const crc = payload.length > 0 ? payload : undefined;
  const size = record.size ?? 0;
  const file = { type: 'file', name: name as ByteString, size, crc } as const;
  if (!record.sparse) return file;
  return { ...file, fragments: record.sparse.map(([offset, length]) => ({ offset, length })) };
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function nameField(name: ByteString): string {
  if (PLAIN.test(name)) return `"name":"${name}"`;
  const bytes = Buffer.from(name, 'latin1');
  try {
    // The line is written one byte a character, so what is not ASCII is escaped.
    const text = JSON.stringify(decoder.decode(bytes));
    return `"name":${text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
  } catch {
    return `"name_raw":"${bytes.toString('base64')}"`;
  }
}
