import { EngineError } from '../../../base/mod.ts';
import type { ChainId, Digest } from '../../../spec/digest.ts';
import { ENTRY_TYPES, type TarEntry, TarError, TarReader } from '../../../spec/tar/mod.ts';
import type { Layer, LayerStore, LendableSource, StagedLayer } from '../../layers/layer-store.ts';
import type { MemberPath } from '../../layers/stage/member-path.ts';
import type { Channel } from './channel.ts';
import { type Content, stageBytes, takeLayer } from './contents.ts';
import { DocumentBudget } from './document-budget.ts';
import type { ImageArchive, ReadOptions, TakeOptions } from './image-archive.ts';
import { inflatedAs, sniffed } from './inflate.ts';
import { MemberTree } from './member-tree.ts';
import { MemberWriter, type Started, type WriterHost } from './member-writer.ts';

/** Layers whose bytes are all handed over, but which a worker has not finished yet. */
const MAX_UNDER_WAY = 3;

/** A socket changes hands for no less, bytes. */
const WORTH_LENDING = 1 << 20;

type Step = { entry: TarEntry } | { bytes: Uint8Array } | { zeros: number } | 'end';

const ZEROS = new Uint8Array(64 << 10);

/** The member that is being read. */
interface Current {
  path: MemberPath;
  entry: TarEntry;
  /** Of a file. */
  writer: MemberWriter | undefined;
}

/** See `ArchiveStore.read`. */
export async function readArchive(
  layers: LayerStore,
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): Promise<ImageArchive> {
  const reader = new ArchiveReader(layers, options);
  try {
    const { kind, whole } = await sniffed(source);
    if (kind !== undefined) await reader.read(inflatedAs(kind, whole));
    else await reader.read(whole, 'lend' in source ? (source as LendableSource) : undefined);
    return reader;
  } catch (error) {
    reader.cancel();
    await reader[Symbol.asyncDispose]();
    if (options.signal?.aborted) throw new EngineError('cancelled', 'context canceled', { cause: error });
    if (error instanceof TarError) throw new EngineError('invalid', error.message, { cause: error });
    throw error;
  }
}

/** One archive, while it is read and afterwards. */
class ArchiveReader implements ImageArchive {
  readonly #layers: LayerStore;
  readonly #options: ReadOptions;
  readonly #members = new MemberTree<Content>();
  readonly #contents = new Set<Content>();
  readonly #host: WriterHost;
  /** Layers that are here, one for each diffID. */
  readonly #known: Map<string, Layer>;
  readonly #held: ChainId[] = [];
  readonly #abort = new AbortController();
  #underWay: Promise<unknown>[] = [];
  /** A failure that is not the archive's: of the disk, or of ours. */
  #fatal: unknown;
  #current: Current | undefined;

  constructor(layers: LayerStore, options: ReadOptions) {
    this.#layers = layers;
    this.#options = options;
    this.#known = new Map(layers.list().map((layer) => [layer.diffId, layer]));
    this.#host = {
      budget: new DocumentBudget(),
      holdKnown: (path) => this.#holdKnown(path),
      stage: (path, size, channel, head) => this.#stage(path, size, channel, head),
    };
    const cancel = () => this.cancel();
    if (options.signal?.aborted) cancel();
    options.signal?.addEventListener('abort', cancel, { once: true });
  }

  /** What is being staged comes to its end. */
  cancel(): void {
    this.#abort.abort();
  }

  /**
   * Reads to the end of `source`, also past the end of the archive. Where the bytes come through a socket, whoever
   * unpacks a layer reads them there: `lender` has it.
   */
  async read(source: AsyncIterable<Uint8Array>, lender?: LendableSource): Promise<void> {
    let steps: Step[] = [];
    const reader = new TarReader({
      raw: () => {},
      entry: (entry) => steps.push({ entry }),
      content: (bytes) => steps.push({ bytes }),
      hole: (zeros) => steps.push({ zeros }),
      endEntry: () => steps.push('end'),
    });
    const work = async () => {
      const due = steps;
      steps = [];
      for (const step of due) {
        if (step === 'end') await this.#endEntry();
        else if ('entry' in step) this.#beginEntry(step.entry);
        else if ('zeros' in step) await this.#zeros(step.zeros);
        else await this.#current?.writer?.write(step.bytes);
      }
    };
    for await (const chunk of source) {
      this.#check();
      reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      await work();
      const writer = this.#current?.writer;
      if (!lender || !writer?.takesSockets || reader.contentLeft < WORTH_LENDING) continue;
      const piece = await lender.lend(reader.contentLeft);
      if (!piece) continue;
      await writer.lend(piece);
      reader.passContent();
      await work();
    }
    reader.end();
    await Promise.all(this.#underWay);
    this.#check();
  }

  /** A hole of a sparse member, which somebody's `tar -S` made of a layer. */
  async #zeros(length: number): Promise<void> {
    for (let left = length; left > 0; left -= ZEROS.length) {
      this.#check();
      await this.#current?.writer?.write(ZEROS.subarray(0, left));
    }
  }

  has(path: string): boolean {
    return this.#members.find(path) !== undefined;
  }

  document(path: string, what: string, maxBytes: number): Buffer | undefined {
    const content = this.#members.find(path);
    if (!content) return undefined;
    if (content.kind !== 'document' || content.bytes.length > maxBytes) {
      const size = content.kind === 'document' ? content.bytes.length : content.size;
      const why = size > maxBytes ? `is larger than ${maxBytes} bytes` : 'is not valid JSON';
      throw new EngineError('corrupt', `${what} ${why}`);
    }
    return content.bytes;
  }

  async takeLayer(path: string, options: TakeOptions): Promise<StagedLayer> {
    const content = this.#members.find(path);
    if (!content) throw new EngineError('invalid', `open ${path}: no such file or directory`);
    const total = content.kind === 'document' ? content.bytes.length : content.size;
    const { onProgress, signal } = options;
    return await takeLayer(this.#layers, content, {
      ...(onProgress ? { onDownloaded: (bytes) => onProgress(bytes, total) } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current?.writer?.abort();
    await Promise.allSettled(this.#underWay);
    for (const content of this.#contents) await this.#drop(content);
    for (const chainId of this.#held.splice(0)) await this.#layers.release(chainId);
  }

  #check(): void {
    if (this.#fatal !== undefined) throw this.#fatal;
    if (this.#abort.signal.aborted) throw new EngineError('cancelled', 'context canceled');
  }

  #beginEntry(entry: TarEntry): void {
    const path = this.#members.nameOf(entry.name, entry.linkName);
    const isFile = entry.type === ENTRY_TYPES.file || entry.type === '7';
    const writer = isFile ? new MemberWriter(this.#host, path, entry.size) : undefined;
    this.#current = { path, entry, writer };
  }

  async #endEntry(): Promise<void> {
    const current = this.#current;
    if (!current) return;
    const content = await current.writer?.end();
    this.#current = undefined;
    if (content) this.#contents.add(content);
    const before = this.#place(current, content);
    if (before) await this.#drop(before);
  }

  /** Gives what the name stood for before. Compat: devices and the like mean nothing in an archive of images. */
  #place({ path, entry }: Current, content: Content | undefined): Content | undefined {
    if (content) return this.#members.content(path, content);
    if (entry.type === ENTRY_TYPES.directory) return this.#members.directory(path);
    if (entry.type === ENTRY_TYPES.symlink) return this.#members.symlink(path, entry.linkName);
    if (entry.type === ENTRY_TYPES.hardLink) return this.#members.hardlink(path, entry.linkName);
    return undefined;
  }

  async #stage(path: string, size: number, channel: Channel, head: Uint8Array): Promise<Started> {
    while (this.#underWay.length >= MAX_UNDER_WAY) await this.#underWay[0];
    this.#check();
    const { onLayer } = this.#options;
    const outcome = stageBytes(this.#layers, channel, head, {
      ...(onLayer ? { onDownloaded: (bytes) => onLayer(path, bytes, size) } : {}),
      signal: this.#abort.signal,
    });
    const settled = outcome.then(
      // A load answers when all is on disk.
      () => this.#layers.writeBack(),
      (error: unknown) => {
        // What is wrong with the file is told if some image asks for it.
        if (error instanceof EngineError && (error.code === 'invalid' || error.code === 'corrupt')) return;
        this.#fatal ??= error;
      },
    );
    const done = settled.finally(() => {
      channel.leave();
      this.#underWay = this.#underWay.filter((other) => other !== done);
    });
    this.#underWay.push(done);
    return { outcome };
  }

  /** Names that tell the content: `blobs/sha256/<hex>`, `<hex>.tar`; what an old `<hex>/layer.tar` is, nobody knows. */
  #holdKnown(path: string): { digest: Digest; layer: Layer } | undefined {
    const hex = /(?:^|\/)([0-9a-f]{64})(?:\.tar)?$/.exec(path)?.[1];
    if (hex === undefined) return undefined;
    const digest = `sha256:${hex}` as Digest;
    const layer = this.#known.get(digest) ?? this.#known.get(this.#layers.diffIdOf(digest) ?? '');
    if (!layer || !this.#layers.get(layer.chainId)) return undefined;
    this.#layers.retain(layer.chainId);
    this.#held.push(layer.chainId);
    return { digest, layer };
  }

  async #drop(content: Content): Promise<void> {
    this.#contents.delete(content);
    if (content.kind !== 'staged' || content.taken) return;
    content.taken = true;
    const staged = await content.outcome.catch(() => undefined);
    if (staged) await this.#layers.discard(staged);
  }
}
