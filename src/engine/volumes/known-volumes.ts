import type { VolumeRecord } from '../../store/mod.ts';

/** What `volumes/` asks about containers without importing them; `daemon/` supplies it. */
export interface VolumeUsers {
  /** Ids of containers, of any state, that mount this volume. */
  usersOf(name: string): string[];
}

/**
 * The volumes that there are records of, and who uses them: the containers that there are, which a crash cannot lose
 * count of, and those that are just being made, which *hold* theirs until they are there.
 */
export class KnownVolumes {
  readonly #byName: Map<string, VolumeRecord>;
  readonly #holds = new Map<string, Set<string>>();
  readonly #users: VolumeUsers;

  constructor(records: readonly VolumeRecord[], users: VolumeUsers) {
    this.#byName = new Map(records.map((record) => [record.name, record]));
    this.#users = users;
  }

  get(name: string): VolumeRecord | undefined {
    return this.#byName.get(name);
  }

  all(): VolumeRecord[] {
    return [...this.#byName.values()];
  }

  add(record: VolumeRecord): void {
    this.#byName.set(record.name, record);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  /** Ids of the containers that have it, or are about to. */
  usersOf(name: string): string[] {
    return [...new Set([...this.#users.usersOf(name), ...(this.#holds.get(name) ?? [])])];
  }

  /** Race: a container that is being made is no user yet; without this its volume could be removed meanwhile. */
  hold(name: string, container: string): void {
    const holders = this.#holds.get(name) ?? new Set();
    this.#holds.set(name, holders.add(container));
  }

  /** The container is there, or will never be. */
  letGo(container: string): void {
    for (const [name, holders] of this.#holds) {
      if (holders.delete(container) && holders.size === 0) this.#holds.delete(name);
    }
  }
}
