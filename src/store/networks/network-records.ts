import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/mod.ts';
import { atomicWrite } from '../../sys/mod.ts';

export interface NetworkRecord {
  id: string;
  name: string;
  driver: 'bridge' | 'host' | 'null';
  /** RFC 3339 with nanoseconds. */
  created: string;
}

/** `network/minke.json` under the data-root: ids of networks, which containers keep pointing at. */
export class NetworkRecords {
  readonly #path: string;

  constructor(dataRoot: string) {
    mkdirSync(join(dataRoot, 'network'), { recursive: true, mode: 0o750 });
    this.#path = join(dataRoot, 'network', 'minke.json');
  }

  load(): NetworkRecord[] {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as NetworkRecord[];
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** Replaces all records, durably. */
  save(records: NetworkRecord[]): void {
    atomicWrite(this.#path, JSON.stringify(records), { durable: true });
  }
}
