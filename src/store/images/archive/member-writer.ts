import { compressionOf } from '../../../spec/compression.ts';
import type { Digest } from '../../../spec/digest.ts';
import { BLOCK, isArchiveHead } from '../../../spec/tar/mod.ts';
import type { Layer, SocketPiece, StagedLayer } from '../../layers/layer-store.ts';
import { Channel } from './channel.ts';
import { type Content, isUnpackedByWorkers } from './contents.ts';
import type { DocumentBudget } from './document-budget.ts';

/** What a member's writer needs of its reader. */
export interface WriterHost {
  budget: DocumentBudget;
  /** Holds a layer that has the member's content, by its name, and is here already. */
  holdKnown(path: string): { digest: Digest; layer: Layer } | undefined;
  /** Begins to stage what comes out of `source`; waits while too many others are under way. */
  stage(path: string, size: number, source: Channel, head: Uint8Array): Promise<Started>;
}

/** A layer that is being staged; in an object, for a promise of a promise would be waited for to its end. */
export interface Started {
  outcome: Promise<StagedLayer>;
}

type Sink =
  | { kind: 'memory'; parts: Buffer[] }
  | { kind: 'channel'; channel: Channel; takesSockets: boolean; outcome: Promise<StagedLayer> }
  | { kind: 'known'; digest: Digest; layer: Layer }
  | { kind: 'none' };

/**
 * Takes the content of one member and decides by its first block where that goes: small files stay in memory, what
 * looks like a layer is unpacked while it comes, unless it is here already; the rest is dropped. Why not wait for
 * the manifest, which knows: it is the last member of all archives that Docker writes.
 */
export class MemberWriter {
  readonly #host: WriterHost;
  readonly #path: string;
  readonly #size: number;
  #head: Buffer | undefined = Buffer.alloc(0);
  #sink: Sink = { kind: 'none' };

  constructor(host: WriterHost, path: string, size: number) {
    this.#host = host;
    this.#path = path;
    this.#size = size;
  }

  /** The next bytes; resolves when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#head === undefined) return await this.#pass(bytes);
    this.#head = Buffer.concat([this.#head, bytes]);
    if (this.#head.length >= BLOCK) await this.#begin(this.#head);
  }

  /** What comes next may come through a socket. */
  get takesSockets(): boolean {
    return this.#sink.kind === 'channel' && this.#sink.takesSockets;
  }

  /** The rest of the member is to be read from a socket; resolves when that goes on, or nobody wants it. */
  async lend(piece: SocketPiece): Promise<void> {
    if (this.#sink.kind === 'channel') await this.#sink.channel.push(piece);
    else piece.release?.();
  }

  /** The member is complete; gives what became of it. */
  async end(): Promise<Content> {
    if (this.#head) await this.#begin(this.#head);
    const sink = this.#sink;
    switch (sink.kind) {
      case 'memory':
        return { kind: 'document', bytes: Buffer.concat(sink.parts) };
      case 'channel':
        sink.channel.end();
        return { kind: 'staged', size: this.#size, outcome: sink.outcome, taken: false };
      case 'known':
        return { ...sink, size: this.#size };
      case 'none':
        return { kind: 'useless', size: this.#size };
    }
  }

  /** Gives the member up. */
  async abort(): Promise<void> {
    if (this.#head) this.#head = Buffer.alloc(0);
    if (this.#sink.kind === 'channel') this.#sink.channel.leave();
  }

  async #begin(head: Buffer): Promise<void> {
    this.#head = undefined;
    this.#sink = await this.#choose(head);
    await this.#pass(head);
  }

  async #choose(head: Buffer): Promise<Sink> {
    const { budget } = this.#host;
    const looksLikeLayer = compressionOf(head) !== undefined || isArchiveHead(head);
    if (!looksLikeLayer) {
      return budget.takeDocument(this.#size) ? { kind: 'memory', parts: [] } : { kind: 'none' };
    }
    if (budget.takeSmallLayer(this.#size)) return { kind: 'memory', parts: [] };
    const known = this.#host.holdKnown(this.#path);
    if (known) return { kind: 'known', ...known };
    const channel = new Channel();
    const { outcome } = await this.#host.stage(this.#path, this.#size, channel, head);
    return { kind: 'channel', channel, takesSockets: isUnpackedByWorkers(head), outcome };
  }

  async #pass(bytes: Uint8Array): Promise<void> {
    const sink = this.#sink;
    if (bytes.length === 0) return;
    // The chunk that these bytes are a part of is not kept: documents are small.
    if (sink.kind === 'memory') sink.parts.push(Buffer.from(bytes));
    else if (sink.kind === 'channel') await sink.channel.push(bytes);
  }
}
