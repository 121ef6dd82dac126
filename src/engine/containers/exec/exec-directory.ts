import type { Exec } from './exec.ts';

/** How long one that has ended can be asked about. Compat: moby forgets them after five minutes, or ten. */
const KEPT_MS = 300_000;
/** And how many: a health check every second of every container is no reason to grow. */
const MOST_ENDED = 1_000;

/** The execs that this daemon knows. */
export class ExecDirectory {
  readonly #execs = new Map<string, Exec>();
  /** In the order of their ends. */
  readonly #ended = new Set<Exec>();

  get(id: string): Exec | undefined {
    return this.#execs.get(id);
  }

  add(exec: Exec): void {
    this.#execs.set(exec.id, exec);
    if (exec.status === 'ended') this.#ended.add(exec);
  }

  /** Those of one container. */
  of(containerId: string): Exec[] {
    return [...this.#execs.values()].filter(({ container }) => container.id === containerId);
  }

  /** Docker's `ExecIDs`: those that run, and those that were not started yet. */
  idsOf(containerId: string): string[] {
    return this.of(containerId)
      .filter(({ status }) => status !== 'ended')
      .map(({ id }) => id);
  }

  remove(exec: Exec): void {
    this.#ended.delete(exec);
    this.#execs.delete(exec.id);
  }

  /** Notes an end; gives those that are to be forgotten for it. */
  noteEnd(exec: Exec): Exec[] {
    this.#ended.add(exec);
    const now = performance.now();
    const stale: Exec[] = [];
    for (const ended of this.#ended) {
      const surplus = this.#ended.size - stale.length > MOST_ENDED;
      if (!surplus && now - ended.endedAt < KEPT_MS) break;
      stale.push(ended);
    }
    return stale;
  }
}
