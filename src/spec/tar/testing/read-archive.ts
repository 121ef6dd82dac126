import { type TarEntry, TarError } from '../entry.ts';
import { TarReader } from '../reader.ts';

const MAX_HOLE = 1 << 26;

/** What a TarReader told of an archive. */
export interface Read {
  entries: { entry: TarEntry; content: Buffer }[];
  /** All bytes, raw and content, in the order they came. */
  all: Buffer;
}

/** Reads a whole archive, pushed in pieces that end at `cuts`. */
export function readArchive(archive: Buffer, cuts: readonly number[] = []): Read {
  const entries: Read['entries'] = [];
  const all: Uint8Array[] = [];
  let content: Uint8Array[] = [];
  let current: TarEntry | undefined;
  const reader = new TarReader({
    raw: (bytes) => void all.push(Buffer.from(bytes)),
    entry: (entry) => {
      current = entry;
      content = [];
    },
    content: (bytes) => {
      content.push(Buffer.from(bytes));
      all.push(Buffer.from(bytes));
    },
    hole: (length) => {
      if (length > MAX_HOLE) throw new TarError('a hole too large for a test');
      content.push(Buffer.alloc(length));
    },
    endEntry: () => {
      if (current) entries.push({ entry: current, content: Buffer.concat(content) });
    },
  });
  let at = 0;
  for (const cut of [...cuts].map((cut) => cut % (archive.length + 1)).sort((a, b) => a - b)) {
    reader.push(archive.subarray(at, cut));
    at = cut;
  }
  reader.push(archive.subarray(at));
  reader.end();
  return { entries, all: Buffer.concat(all) };
}
