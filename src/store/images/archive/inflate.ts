import { createGunzip, createZstdDecompress } from 'node:zlib';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { COMPRESSION_HEAD, type Compression, compressionOf } from '../../../spec/compression.ts';
import { ZstdFrames } from '../../../spec/zstd-frames.ts';
import { filter, RunError } from '../../../sys/mod.ts';

/** Fresh memory is slow to touch, small pieces cost a trip to a thread each. */
const CHUNK = 256 * 1024;

/** Debian's packages of the programs that we leave rarer compressions to. Compat: Docker runs xz too. */
const PACKAGES = { xz: 'xz-utils', bzip2: 'bzip2' } as const;

/** Undoes the compressions in `kinds` and passes everything else on as it is. Rejects with `invalid` for broken ones. */
export async function* inflated(
  source: AsyncIterable<Uint8Array>,
  kinds: readonly Compression[] = ['gzip', 'zstd', 'bzip2', 'xz'],
): AsyncGenerator<Uint8Array> {
  const { kind, whole } = await sniffed(source);
  if (kind === undefined || !kinds.includes(kind)) yield* whole;
  else yield* inflatedAs(kind, whole);
}

/** How `source` is compressed, and all of it as it is. */
export async function sniffed(
  source: AsyncIterable<Uint8Array>,
): Promise<{ kind: Compression | undefined; whole: AsyncGenerator<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const head = await readHead(iterator);
  return { kind: compressionOf(head), whole: prepend(head, iterator) };
}

/** Undoes one compression. Rejects with `invalid` for what is not of that kind, or broken. */
export function inflatedAs(kind: Compression, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return kind === 'xz' || kind === 'bzip2' ? byProgram(kind, source) : byZlib(kind, source);
}

async function readHead(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < COMPRESSION_HEAD) {
    const { value, done } = await iterator.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  return head;
}

async function* prepend(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

async function* byProgram(
  program: keyof typeof PACKAGES,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* filter([program, '-d', '-c'], source);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    if (error.code === 'ENOENT') {
      const message = `this archive is compressed by ${program}, and the program ${program} is not installed (on Debian: apt install ${PACKAGES[program]})`;
      throw new EngineError('unavailable', message, { cause: error });
    }
    const why = error.stderr === '' ? `exit status ${error.exitCode}` : error.stderr;
    const isCut = /unexpected end|ends unexpectedly/i.test(why);
    throw new EngineError('invalid', isCut ? 'unexpected EOF' : why, { cause: error });
  }
}

async function* byZlib(kind: 'gzip' | 'zstd', source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflater =
    kind === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
  const frames = kind === 'zstd' ? new ZstdFrames() : undefined;
  let failed: { error: unknown } | undefined;
  const closed = new Promise<void>((resolve) => inflater.once('close', resolve));
  const feeding = (async () => {
    try {
      for await (const chunk of source) {
        if (inflater.destroyed) return;
        pushFrames(frames, chunk);
        if (inflater.write(chunk)) continue;
        await Promise.race([new Promise((resolve) => inflater.once('drain', resolve)), closed]);
      }
      inflater.end();
    } catch (error) {
      failed = { error };
      inflater.destroy();
    }
  })();
  try {
    for await (const chunk of inflater) yield chunk as Buffer;
    if (frames && !frames.isComplete) throw new EngineError('invalid', 'unexpected EOF');
  } catch (error) {
    if (failed) throw failed.error;
    throw error instanceof EngineError ? error : new EngineError('invalid', wording(error), { cause: error });
  } finally {
    inflater.destroy();
    await Promise.race([feeding, closed]);
  }
}

function pushFrames(frames: ZstdFrames | undefined, chunk: Uint8Array): void {
  try {
    frames?.push(chunk);
  } catch (cause) {
    throw new EngineError('invalid', messageOf(cause), { cause });
  }
}

/** Compat: as Go's readers say it. */
function wording(error: unknown): string {
  const message = messageOf(error);
  return message === 'unexpected end of file' ? 'unexpected EOF' : message;
}
