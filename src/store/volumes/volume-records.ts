import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { atomicWrite, syncDirectory } from '../../sys/mod.ts';

export interface VolumeRecord {
  name: string;
  driver: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** RFC 3339, seconds. */
  createdAt: string;
  /** Made for a container without a name: `rm -v` and `--rm` remove it. */
  anonymous: boolean;
  /** Id of the container that it was made for, if it has no name. */
  madeFor?: string;
}

const RECORD = 'minke.json';
const REMOVED = '.removed-';

/** `volumes/<name>/_data` under the data-root, as Docker has it, with a record of ours beside `_data`. */
export class VolumeRecords {
  readonly #root: string;

  constructor(dataRoot: string) {
    this.#root = join(dataRoot, 'volumes');
    mkdirSync(this.#root, { recursive: true, mode: 0o701 });
  }

  /** Absolute directory of a volume's files. */
  mountpoint(name: string): string {
    return join(this.#root, name, '_data');
  }

  /** Durable. Crash: without a record, what holds `_data` still counts as a volume without labels. */
  create(record: VolumeRecord): void {
    mkdirSync(this.mountpoint(record.name), { recursive: true, mode: 0o755 });
    atomicWrite(join(this.#root, record.name, RECORD), JSON.stringify(record), { durable: true });
    syncDirectory(this.#root);
  }

  /** Removes a volume with its files. Crash: it is renamed first; `load` ends the work. Idempotent. */
  async remove(name: string): Promise<void> {
    const grave = join(this.#root, `${REMOVED}${name}`);
    try {
      renameSync(join(this.#root, name), grave);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await rm(grave, { recursive: true, force: true });
  }

  load(): VolumeRecord[] {
    const records: VolumeRecord[] = [];
    for (const entry of readdirSync(this.#root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      if (entry.name.startsWith(REMOVED))
        rmSync(join(this.#root, entry.name), { recursive: true, force: true });
      else records.push(this.#read(entry.name));
    }
    return records;
  }

  #read(name: string): VolumeRecord {
    try {
      return JSON.parse(readFileSync(join(this.#root, name, RECORD), 'utf8')) as VolumeRecord;
    } catch {
      const made = statSync(join(this.#root, name))
        .birthtime.toISOString()
        .replace(/\.\d+Z$/, 'Z');
      return { name, driver: 'local', labels: {}, options: {}, createdAt: made, anonymous: false };
    }
  }
}
