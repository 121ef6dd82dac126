import { closeSync, openSync } from 'node:fs';
import type { IdMap } from '../../../spec/id-map.ts';
import { type ByteString, toByteString } from '../../../spec/tar/mod.ts';
import { O_DIRECTORY, type PrivateTree } from '../../../sys/mod.ts';
import { inflated } from '../../images/archive/inflate.ts';
import type { ExporterThread, ExportPool } from '../../layers/export/export-pool.ts';
import { TarReading } from '../../layers/export/tar-reader.ts';
import { cleanUserPath, goBase } from './locate.ts';
import type { FoundPath, UntarDestination } from './tree-calls.ts';
import type { TreeChange } from './tree-changes.ts';
import type { OpenTree, TreeArchive, TreeFiles } from './tree-files.ts';
import type { TreeTarSource } from './tree-tar.ts';

const PIECE = 256 * 1024;
const PIECES = 3;

let lastUntar = 0;

/** `TreeFiles` on a pool of threads. */
export class ThreadTreeFiles implements TreeFiles {
  readonly #pool: ExportPool;

  constructor(pool: ExportPool) {
    this.#pool = pool;
  }

  async open(tree: PrivateTree, { ids }: { ids?: IdMap | undefined } = {}): Promise<OpenTree> {
    const root = await this.#pool.call('assemble', tree);
    return new ThreadTree(this.#pool, root, ids);
  }

  async *layerTar(
    upper: string,
    { signal, ids }: { signal?: AbortSignal; ids?: IdMap | undefined } = {},
  ): AsyncGenerator<Uint8Array, void, void> {
    const root = openSync(upper, O_DIRECTORY);
    try {
      const source = { name: undefined, prefix: '' as ByteString, xattrs: 'user', overlay: true } as const;
      yield* read(this.#pool, { root, ids, ...source }, signal);
    } finally {
      closeSync(root);
    }
  }

  async changes(upper: string, lower: readonly string[], ids?: IdMap): Promise<TreeChange[]> {
    return await this.#pool.call('changes', { upper, lower, ids });
  }
}

class ThreadTree implements OpenTree {
  readonly #pool: ExportPool;
  readonly #root: number;
  readonly #ids: IdMap | undefined;

  constructor(pool: ExportPool, root: number, ids: IdMap | undefined) {
    this.#pool = pool;
    this.#root = root;
    this.#ids = ids;
  }

  async stat(path: string): Promise<FoundPath['stat']> {
    return (await this.#locate(path, false)).stat;
  }

  async tar(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<TreeArchive> {
    const { stat, isDirectory, handle } = await this.#locate(path, true);
    const names = archiveNames(path, isDirectory);
    const source = {
      root: handle ?? -1,
      ids: this.#ids,
      ...names,
      xattrs: 'capabilities',
      overlay: false,
    } as const;
    return {
      stat,
      bytes: read(this.#pool, source, signal),
      async [Symbol.asyncDispose]() {
        if (handle !== undefined) closeSync(handle);
      },
    };
  }

  async *export({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, void> {
    const source = {
      name: undefined,
      prefix: '' as ByteString,
      xattrs: 'capabilities',
      overlay: false,
    } as const;
    yield* read(this.#pool, { root: this.#root, ids: this.#ids, ...source }, signal);
  }

  async destination(path: string): Promise<UntarDestination> {
    return await this.#pool.call('destination', { tree: this.#root, path });
  }

  async untar(
    source: AsyncIterable<Uint8Array>,
    {
      path,
      keepKinds,
      owner,
    }: { path: ByteString; keepKinds: boolean; owner?: { uid: number; gid: number } },
  ): Promise<void> {
    const thread = this.#pool.pick();
    const untar = ++lastUntar;
    using _held = thread.hold();
    const options = { tree: this.#root, path, keepKinds, owner, ids: this.#ids };
    let whole = false;
    try {
      await this.#pool.call('untar', { untar, options }, { thread });
      // The thread inflates gzip and zstd itself.
      await pour(this.#pool, thread, untar, inflated(source, ['xz', 'bzip2']));
      whole = true;
    } finally {
      await this.#pool.call('untarred', { untar, whole }, { thread });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.#root);
  }

  async #locate(path: string, keep: boolean): Promise<FoundPath> {
    return await this.#pool.call('locate', { tree: this.#root, path, keep });
  }
}

/**
 * Names in the archive of what a user asked for. Compat: moby `TarResourceRebaseOpts`: they begin with the last component
 * of the path, `/` for the root, `.` for what ends in a dot.
 */
function archiveNames(path: string, isDirectory: boolean): Pick<TreeTarSource, 'name' | 'prefix'> {
  const base = goBase(cleanUserPath(path));
  const name = toByteString(base);
  if (!isDirectory) return { name, prefix: '' as ByteString };
  return base === '/' ? { name, prefix: name } : { name, prefix: `${name}/` as ByteString };
}

async function* read(
  pool: ExportPool,
  source: TreeTarSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  await using tar = new TarReading(pool, source, { pieces: PIECES, bytes: PIECE });
  for (let piece = await tar.next(signal); piece; piece = await tar.next(signal)) {
    yield new Uint8Array(piece.buffer, 0, piece.length);
    tar.recycle(piece.buffer);
  }
}

/** Sends the archive to its thread, in pieces of one size, one piece ahead. */
async function pour(
  pool: ExportPool,
  thread: ExporterThread,
  untar: number,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  let free = [new ArrayBuffer(PIECE), new ArrayBuffer(PIECE)];
  let buffer = free.pop() as ArrayBuffer;
  let length = 0;
  let poured: Promise<unknown> = Promise.resolve();
  const send = async (): Promise<void> => {
    await poured;
    const sent = pool.call('pour', { untar, buffer, length }, { thread, transfer: [buffer] });
    poured = sent.then(({ buffer: back }) => free.push(back));
    poured.catch(() => {});
    if (free.length === 0) await poured;
    buffer = free.pop() as ArrayBuffer;
    length = 0;
  };
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + PIECE - length);
        new Uint8Array(buffer).set(part, length);
        length += part.length;
        at += part.length;
        if (length === PIECE) await send();
      }
    }
    if (length > 0) await send();
    await poured;
  } finally {
    await poured.catch(() => {});
    free = [];
  }
}
