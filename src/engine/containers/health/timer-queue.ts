/** Longest that setTimeout can wait. */
const MOST_MS = 2 ** 31 - 1;

interface Entry<T> {
  item: T;
  due: number;
}

/**
 * Many items that are each due at a time of their own, with one timer for all: what a thousand containers with health
 * checks cost while none is due is a thousand small entries.
 */
export class TimerQueue<T> {
  readonly #onDue: (item: T) => void;
  readonly #now: () => number;
  /** A binary heap: the next one is first. Entries of items that were moved or taken out stay until they come up. */
  readonly #heap: Entry<T>[] = [];
  readonly #current = new Map<T, Entry<T>>();
  #timer: NodeJS.Timeout | undefined;

  /** `now` gives milliseconds of a clock that never goes back. */
  constructor(onDue: (item: T) => void, now: () => number = () => performance.now()) {
    this.#onDue = onDue;
    this.#now = now;
  }

  get size(): number {
    return this.#current.size;
  }

  /** In so many milliseconds from now; an item that waits already is moved. */
  set(item: T, ms: number): void {
    const entry = { item, due: this.#now() + ms };
    this.#current.set(item, entry);
    this.#push(entry);
    if (this.#heap[0] === entry) this.#arm();
  }

  delete(item: T): void {
    this.#current.delete(item);
    if (this.#current.size === 0) this.close();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#current.clear();
    this.#heap.length = 0;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#heap[0];
    if (!next) return;
    const ms = Math.min(Math.max(0, Math.ceil(next.due - this.#now())), MOST_MS);
    this.#timer = setTimeout(() => this.#fire(), ms);
    this.#timer.unref();
  }

  #fire(): void {
    const now = this.#now();
    for (let next = this.#heap[0]; next && next.due <= now; next = this.#heap[0]) {
      this.#pop();
      if (this.#current.get(next.item) !== next) continue;
      this.#current.delete(next.item);
      this.#onDue(next.item);
    }
    this.#arm();
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#due(parent) <= entry.due) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const least = this.#due(right) < this.#due(left) ? right : left;
      if (this.#due(least) >= this.#due(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  /** Infinity beyond the end. */
  #due(at: number): number {
    return this.#heap[at]?.due ?? Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap;
    const [a, b] = [heap[one], heap[other]];
    if (!a || !b) return;
    heap[one] = b;
    heap[other] = a;
  }
}
