import type { OutputChunk } from '../logs.ts';
import { chunkCost, HANDOVER_LIMIT } from '../pump/protocol.ts';
import { Subscriber } from './subscriber.ts';

/** Small beside HANDOVER_LIMIT, so that acks never stop while the pump waits; large, so that they are few. */
const ACK_STEP = HANDOVER_LIMIT / 4;

let lastEpoch = 0;

/**
 * The attached clients of one container. All get each chunk; what the slowest has taken is acknowledged to the
 * pump, which holds the container up meanwhile.
 */
export class Audience {
  readonly #subscribers = new Set<Subscriber>();
  readonly #onWatch: (epoch: number) => void;
  readonly #onAck: (epoch: number, bytes: number) => void;
  /** Of the time since somebody listens; 0 = nobody does. */
  #epoch = 0;
  #received = 0;
  #acked = 0;

  constructor(onWatch: (epoch: number) => void, onAck: (epoch: number, bytes: number) => void) {
    this.#onWatch = onWatch;
    this.#onAck = onAck;
  }

  get epoch(): number {
    return this.#epoch;
  }

  add(): Subscriber {
    const subscriber = new Subscriber(
      () => this.#settle(),
      () => this.#remove(subscriber),
    );
    this.#subscribers.add(subscriber);
    if (this.#epoch === 0) {
      this.#epoch = ++lastEpoch;
      this.#received = 0;
      this.#acked = 0;
      this.#onWatch(this.#epoch);
    }
    return subscriber;
  }

  /** A chunk came from the pump. Race: one of an earlier epoch was written before today's clients came. */
  push(epoch: number, chunk: OutputChunk): void {
    if (epoch !== this.#epoch) return;
    this.#received += chunkCost(chunk.data);
    for (const subscriber of this.#subscribers) subscriber.push(chunk);
    this.#settle();
  }

  /** No more will come; each client still takes what it has not yet. */
  end(): void {
    for (const subscriber of this.#subscribers) subscriber.end();
    this.#subscribers.clear();
    this.#epoch = 0;
  }

  #remove(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    if (this.#subscribers.size > 0) {
      this.#settle();
      return;
    }
    this.#epoch = 0;
    this.#onWatch(0);
  }

  #settle(): void {
    if (this.#epoch === 0) return;
    let most = 0;
    for (const subscriber of this.#subscribers) most = Math.max(most, subscriber.kept);
    const due = this.#received - most - this.#acked;
    if (due < ACK_STEP) return;
    this.#acked += due;
    this.#onAck(this.#epoch, due);
  }
}
