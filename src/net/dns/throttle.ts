/** Queries a second that one sandbox is answered for long: what answering them takes is the daemon's time, not its own. */
const RATE = 30_000;
/** As many at once beyond that. */
const BURST = 6_000;

/** What one sandbox may still ask. */
export class Throttle {
  #left = BURST;
  #since = performance.now();

  /** False if it must rest. */
  take(): boolean {
    if (this.#left < 1) this.#refill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  #refill(): void {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + ((now - this.#since) * RATE) / 1000);
    this.#since = now;
  }
}
