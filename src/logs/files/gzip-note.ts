import { readSync } from 'node:fs';

/** What stands in the header of a compressed log. Compat: Docker writes and reads `lastTime`; `origin` is ours. */
export interface GzipNote {
  /** RFC 3339 time of the last record: a reader that wants later ones leaves the file alone. */
  lastTime?: string;
  /** Identity of the file that was compressed. */
  origin?: string;
}

const FIXED = 10;
const EXTRA = 4;
const MAX_NOTE = 1024;

/** Spec: RFC 1952, 2.3: the ten fixed bytes, FEXTRA set, XLEN, the note as JSON (as Docker has it: no subfields). */
export function gzipHeader(note: GzipNote): Uint8Array {
  const extra = Buffer.from(JSON.stringify(note));
  const header = Buffer.alloc(FIXED + 2);
  header.set([0x1f, 0x8b, 8, EXTRA, 0, 0, 0, 0, 0, 0xff]);
  header.writeUInt16LE(extra.length, FIXED);
  return Buffer.concat([header, extra]);
}

/** Reads the note from the head of an open file; undefined if there is none. Does not move the file's offset. */
export function readGzipNote(fd: number): GzipNote | undefined {
  const head = Buffer.alloc(FIXED + 2 + MAX_NOTE);
  const count = readSync(fd, head, 0, head.length, 0);
  if (count < FIXED + 2 || head[0] !== 0x1f || head[1] !== 0x8b || ((head[3] ?? 0) & EXTRA) === 0)
    return undefined;
  const length = head.readUInt16LE(FIXED);
  try {
    const note: unknown = JSON.parse(head.toString('utf8', FIXED + 2, FIXED + 2 + length));
    if (typeof note !== 'object' || note === null) return undefined;
    const { lastTime, origin } = note as Record<string, unknown>;
    return {
      ...(typeof lastTime === 'string' ? { lastTime } : {}),
      ...(typeof origin === 'string' ? { origin } : {}),
    };
  } catch {
    return undefined;
  }
}
