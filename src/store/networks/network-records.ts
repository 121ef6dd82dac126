import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type Logger, messageOf } from '../../base/mod.ts';
import { atomicWrite } from '../../sys/mod.ts';
import { type DockerFile, networksFile } from '../exchange/docker-file.ts';
import { readDockerNetworks, writeDockerNetworks } from '../exchange/docker-networks.ts';
import type { NetworkRecord } from './network-record.ts';

/**
 * `network/minke.json` under the data-root: ids of networks, which containers keep pointing at. Docker's own file,
 * `network/files/local-kv.db`, is read where Docker wrote it last, and written by `writeForDocker`.
 */
export class NetworkRecords {
  readonly #path: string;
  readonly #docker: DockerFile;
  readonly #log: Logger;

  constructor(dataRoot: string, log: Logger) {
    mkdirSync(join(dataRoot, 'network'), { recursive: true, mode: 0o750 });
    this.#path = join(dataRoot, 'network', 'minke.json');
    this.#docker = networksFile(dataRoot);
    this.#log = log;
  }

  /** All networks; where Docker ran in between, those that it has. */
  load(): NetworkRecord[] {
    const ours = this.#read();
    const file = this.#docker.writtenByDocker();
    if (!file) return ours;
    try {
      const theirs = readDockerNetworks(file);
      const missing = ours.filter(
        ({ name }) => isPredefined(name) && !theirs.some((one) => one.name === name),
      );
      const records = [...theirs.map(withoutDefaults), ...missing];
      this.save(records);
      this.#docker.accept();
      return records;
    } catch (error) {
      this.#log.error("Docker's networks cannot be read", { error: messageOf(error) });
      return ours;
    }
  }

  /** Replaces all records, durably. */
  save(records: NetworkRecord[]): void {
    atomicWrite(this.#path, JSON.stringify(records), { durable: true });
  }

  /** Writes Docker's file, for a Docker that may come after us. To be called at a clean shutdown. */
  writeForDocker(records: NetworkRecord[]): void {
    this.#docker.write((existing) => writeDockerNetworks(existing, records));
  }

  #read(): NetworkRecord[] {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as NetworkRecord[];
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }
}

function isPredefined(name: string): boolean {
  return name === 'bridge' || name === 'host' || name === 'none';
}

/** The daemon's configuration says what `bridge` is, not what Docker was told. */
function withoutDefaults(record: NetworkRecord): NetworkRecord {
  if (!isPredefined(record.name)) return record;
  const { id, name, driver, created } = record;
  return { id, name, driver, created };
}
