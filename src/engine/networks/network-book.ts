import { EngineError, formatTime, newId, nowNano } from '../../base/mod.ts';
import type { NetworkRecord, NetworkRecords } from '../../store/mod.ts';

const PREDEFINED = [
  { name: 'bridge', driver: 'bridge' },
  { name: 'host', driver: 'host' },
  { name: 'none', driver: 'null' },
] as const;

/** Compat: moby `network.IsPredefined`. */
export function isPredefined(name: string): boolean {
  return name === 'default' || PREDEFINED.some((one) => one.name === name);
}

/** The records of all networks, in memory and on disk. The predefined ones are always there, and first. */
export class NetworkBook {
  readonly #store: NetworkRecords;
  #records: readonly NetworkRecord[];

  constructor(store: NetworkRecords) {
    this.#store = store;
    const known = store.load();
    const predefined = PREDEFINED.map(({ name, driver }) => {
      const found = known.find((record) => record.name === name);
      return found ?? { id: newId(), name, driver, created: formatTime(nowNano()) };
    });
    this.#records = [...predefined, ...known.filter(({ name }) => !isPredefined(name))];
    if (known.length !== this.#records.length) store.save([...this.#records]);
  }

  all(): readonly NetworkRecord[] {
    return this.#records;
  }

  /** Durable before it returns. */
  add(record: NetworkRecord): void {
    this.#replace([...this.#records, record]);
  }

  remove(id: string): void {
    this.#replace(this.#records.filter((one) => one.id !== id));
  }

  byName(name: string): NetworkRecord | undefined {
    return this.#records.find((one) => one.name === name);
  }

  /** By full id, name or unique prefix of an id. */
  find(ref: string): NetworkRecord {
    const exact = this.#records.find(({ id }) => id === ref) ?? this.byName(ref);
    if (exact) return exact;
    const matches = ref === '' ? [] : this.#records.filter(({ id }) => id.startsWith(ref));
    if (matches.length > 1) {
      throw new EngineError(
        'invalid',
        `${matches.length} matches found based on ID prefix: network ${ref} is ambiguous`,
      );
    }
    const [match] = matches;
    if (!match) throw new EngineError('not-found', `network ${ref} not found`);
    return match;
  }

  /** For a Docker that may come after us. */
  writeForDocker(): void {
    this.#store.writeForDocker([...this.#records]);
  }

  /** What is in memory follows the disk: on failure nothing has changed. */
  #replace(records: readonly NetworkRecord[]): void {
    this.#store.save([...records]);
    this.#records = records;
  }
}
