import { CHUNK_COST, chunkCost, HANDOVER_LIMIT, type StreamName } from './protocol.ts';
import { BATCH, type Workbench } from './workbench.ts';

/** Copies of one container's output for its attached clients, counted so that a slow one holds up only this one. */
export class Handover {
  readonly #bench: Workbench;
  readonly #key: number;
  /** 0 = nobody listens. */
  #epoch = 0;
  #underWay = 0;
  /** Someone follows the log and wants to hear once that it has grown. */
  #follower = false;
  /** The log has grown since a follower was last told. */
  #news = false;

  constructor(bench: Workbench, key: number) {
    this.#bench = bench;
    this.#key = key;
  }

  get watched(): boolean {
    return this.#epoch !== 0;
  }

  /** False while the clients have enough to do. */
  get open(): boolean {
    return this.#epoch === 0 || this.#underWay + BATCH + CHUNK_COST <= HANDOVER_LIMIT;
  }

  watch(epoch: number): void {
    this.#epoch = epoch;
    this.#underWay = 0;
  }

  /** Race: an ack of an earlier epoch says nothing about this one. */
  ack(epoch: number, bytes: number): void {
    if (epoch === this.#epoch) this.#underWay -= bytes;
  }

  /** Hands over a copy of `bytes`. */
  give(stream: StreamName, bytes: Uint8Array): void {
    if (this.#epoch === 0 || bytes.length === 0) return;
    const data = bytes.slice();
    this.#underWay += chunkCost(data);
    this.#bench.post({ type: 'chunk', key: this.#key, epoch: this.#epoch, stream, data });
  }

  /** Race: the follower's wish takes its time to get here, so it is told at once of what was written meanwhile. */
  follow(): void {
    this.#follower = true;
    if (this.#news) this.#tell();
  }

  grown(): void {
    this.#news = true;
    if (this.#follower) this.#tell();
  }

  #tell(): void {
    this.#follower = false;
    this.#news = false;
    this.#bench.post({ type: 'grown', key: this.#key });
  }
}
