import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errnoOf } from '../../base/mod.ts';
import { type Generation, generations, identityFrom } from '../files/generations.ts';
import { gzipHeader } from '../files/gzip-note.ts';
import { FORMATS, type FormatName } from '../files/record-format.ts';
import { findTail } from '../read/find-tail.ts';
import { closeLog, openLog } from '../read/log-file.ts';
import { RecordReader } from '../read/record-reader.ts';

/** Spec: RFC 1952: the header that zlib writes, without a name, has ten bytes. */
const ZLIB_HEADER = 10;

/** A compressed copy that is to take the place of a file. */
export interface Copy {
  identity: string;
  copy: string;
}

/**
 * Makes compressed copies of the files before the current one, one after the other. What a rotation does meanwhile is
 * of no matter: the copy is of a file, whatever its number. Crash: `copy` is written over by the next one.
 */
export async function* compressRotated(path: string, format: FormatName): AsyncGenerator<Copy> {
  const copy = `${path}.compressing`;
  const done = new Set<string>();
  for (;;) {
    // The oldest first: the next rotation might take it away.
    const file = generations(path).findLast(
      (one) => one.generation > 0 && !one.compressed && !done.has(one.identity),
    );
    if (!file) return;
    const source = await openThat(file);
    // A rotation was faster: it has another number now, or is gone.
    if (!source) continue;
    done.add(file.identity);
    try {
      await compressTo(copy, source, await lastTimeOf(path, file.identity, format), file.identity);
    } catch (error) {
      rmSync(copy, { force: true });
      // Removed, rotated away, or with its container: nobody misses it.
      if (!generations(path).some(({ identity }) => identity === file.identity)) continue;
      throw error;
    } finally {
      await source.close();
    }
    yield { identity: file.identity, copy };
  }
}

/** Race: between the look at the names and this, a rotation may have given the name to another file. */
async function openThat({ path, identity }: Generation): Promise<FileHandle | undefined> {
  const handle = await open(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return undefined;
  const { ino, birthtimeNs } = await handle.stat({ bigint: true });
  if (identityFrom(ino, birthtimeNs) === identity) return handle;
  await handle.close();
  return undefined;
}

async function compressTo(
  copy: string,
  source: FileHandle,
  lastTime: string | undefined,
  origin: string,
): Promise<void> {
  const header = gzipHeader({ ...(lastTime ? { lastTime } : {}), origin });
  const out = createWriteStream(copy, { mode: 0o640 });
  await pipeline(
    createReadStream('', { fd: source.fd, autoClose: false, start: 0, highWaterMark: 256 * 1024 }),
    createGzip(),
    async function* (pieces: AsyncIterable<Buffer>) {
      yield header;
      let left = ZLIB_HEADER;
      for await (const piece of pieces) {
        const cut = Math.min(left, piece.length);
        left -= cut;
        if (cut < piece.length) yield piece.subarray(cut);
      }
    },
    out,
  );
}

async function lastTimeOf(path: string, identity: string, format: FormatName): Promise<string | undefined> {
  const files = await openLog(path);
  try {
    const file = files.find((one) => one.identity === identity);
    if (!file) return undefined;
    const { offset } = await findTail(FORMATS[format], [file], 1);
    const records = await new RecordReader(FORMATS[format], file, offset).read(file.size);
    return records?.at(-1)?.time;
  } finally {
    await closeLog(files);
  }
}
