import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/mod.ts';
import { atomicWrite } from '../../sys/mod.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Beside the volumes' directories, where Docker looks for directories only. */
const FILE = 'minke-plugins.json';

/** What is known of volumes that plugins have; there are few. Each change is durable. */
export class PluginRecords {
  readonly #path: string;
  readonly #byName = new Map<string, VolumeRecord>();

  constructor(volumes: string) {
    this.#path = join(volumes, FILE);
  }

  load(): VolumeRecord[] {
    this.#byName.clear();
    try {
      const records = JSON.parse(readFileSync(this.#path, 'utf8')) as VolumeRecord[];
      for (const record of records) this.#byName.set(record.name, record);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    return [...this.#byName.values()];
  }

  add(record: VolumeRecord): void {
    this.#byName.set(record.name, record);
    this.#save();
  }

  remove(name: string): void {
    if (this.#byName.delete(name)) this.#save();
  }

  #save(): void {
    atomicWrite(this.#path, JSON.stringify([...this.#byName.values()]), { durable: true });
  }
}
