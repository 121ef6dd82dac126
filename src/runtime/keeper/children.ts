import { reapAny, type SpawnRequest, spawnProcess } from '../../sys/mod.ts';

const UNCLAIMED_KEPT_MS = 10_000;
const SLOW_REAP_MS = 2_000;

/** The status of a process that nobody has asked for. */
export interface Unclaimed {
  pid: number;
  status: number;
}

/**
 * All child processes of the keeper: those it spawned, and those that became its children when their parent ended
 * (a container's first process, once the runtime has gone). Reaps every one; statuses of pids that nobody knows yet
 * are kept for ten seconds.
 */
export class Children {
  readonly #waiting = new Map<number, (status: number) => void>();
  readonly #unclaimed = new Map<number, { status: number; until: number }>();
  readonly #onSignal = () => this.reap();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    process.on('SIGCHLD', this.#onSignal);
    // Why not only the signal: signals of one kind merge, and a runtime may lose one.
    this.#timer = setInterval(() => this.reap(), SLOW_REAP_MS);
  }

  /** Spawns a child; `ended` resolves with its wait status. */
  spawn(request: SpawnRequest): { pid: number; ended: Promise<number> } {
    const pid = spawnProcess(request);
    // Race: of an earlier process with this number, which nobody claimed.
    this.#unclaimed.delete(pid);
    return { pid, ended: new Promise((resolve) => this.claim(pid, resolve)) };
  }

  /**
   * `onEnd` gets the wait status of the child `pid`, at once if it was reaped before anybody asked. `unreaped`: it was
   * seen just now, so that a status known under its number is an earlier process's.
   */
  claim(pid: number, onEnd: (status: number) => void, options: { unreaped?: boolean } = {}): void {
    if (options.unreaped) this.#unclaimed.delete(pid);
    const known = this.#unclaimed.get(pid);
    if (known === undefined) {
      this.#waiting.set(pid, onEnd);
      return;
    }
    this.#unclaimed.delete(pid);
    queueMicrotask(() => onEnd(known.status));
  }

  /** Reaps until nothing is left. */
  reap(): void {
    const now = performance.now();
    for (let ended = reapAny(); ended !== undefined; ended = reapAny()) {
      const onEnd = this.#waiting.get(ended.pid);
      this.#waiting.delete(ended.pid);
      if (onEnd) onEnd(ended.status);
      else this.keepUnclaimed(ended.pid, ended.status);
    }
    for (const [pid, { until }] of this.#unclaimed) {
      if (until > now) break;
      this.#unclaimed.delete(pid);
    }
  }

  /** Keeps the status of a child that nobody knows yet. */
  keepUnclaimed(pid: number, status: number): void {
    this.#unclaimed.set(pid, { status, until: performance.now() + UNCLAIMED_KEPT_MS });
  }

  /** Those that are kept. */
  unclaimed(): Unclaimed[] {
    return [...this.#unclaimed].map(([pid, { status }]) => ({ pid, status }));
  }

  close(): void {
    process.off('SIGCHLD', this.#onSignal);
    clearInterval(this.#timer);
  }
}
