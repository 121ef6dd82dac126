import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf } from '../../base/mod.ts';
import type { Owner } from '../../spec/id-map.ts';
import { atomicWrite, syncDirectory } from '../../sys/mod.ts';
import { type DockerFile, volumesFile } from '../exchange/docker-file.ts';
import { readDockerVolumes, writeDockerVolumes } from '../exchange/docker-volumes.ts';
import type { VolumeRecord } from './volume-record.ts';

const RECORD = 'minke.json';
const REMOVED = '.removed-';

/** Compat: Docker 23 and later mark the volumes so that were made without a name. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/**
 * `volumes/<name>/_data` under the data-root, as Docker has it, with a record of ours beside `_data`. Labels and options
 * that Docker keeps in `volumes/metadata.db` are read where Docker wrote it last, and written by `writeForDocker`.
 */
export class VolumeRecords {
  readonly #root: string;
  readonly #docker: DockerFile;
  readonly #log: Logger;
  readonly #owner: Owner | undefined;

  /** `owner`: whose new volumes are; root's unless given. */
  constructor(dataRoot: string, log: Logger, owner?: Owner) {
    this.#owner = owner;
    this.#root = join(dataRoot, 'volumes');
    this.#docker = volumesFile(dataRoot);
    this.#log = log;
    mkdirSync(this.#root, { recursive: true, mode: 0o701 });
  }

  /** Absolute directory of a volume's files. */
  mountpoint(name: string): string {
    return join(this.#root, name, '_data');
  }

  /**
   * Durable. Crash: the record stands before `_data`, so that a volume that was made for a container is known as such
   * from its first moment; a directory with neither is no volume yet, and `load` removes it. Docker's have no record.
   */
  create(record: VolumeRecord): void {
    mkdirSync(join(this.#root, record.name), { recursive: true, mode: 0o755 });
    this.#write(record);
    mkdirSync(this.mountpoint(record.name), { recursive: true, mode: 0o755 });
    if (this.#owner) chownSync(this.mountpoint(record.name), this.#owner.uid, this.#owner.gid);
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

  /** All volumes; what a crash left half made or half removed is cleared away. */
  load(): VolumeRecord[] {
    const records = new Map<string, VolumeRecord>();
    for (const entry of readdirSync(this.#root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const path = join(this.#root, entry.name);
      const isWhole = existsSync(join(path, RECORD)) || existsSync(this.mountpoint(entry.name));
      if (entry.name.startsWith(REMOVED) || !isWhole) rmSync(path, { recursive: true, force: true });
      else {
        mkdirSync(this.mountpoint(entry.name), { recursive: true, mode: 0o755 });
        records.set(entry.name, this.#read(entry.name));
      }
    }
    try {
      this.#takeOver(records);
    } catch (error) {
      this.#log.error("Docker's labels of volumes cannot be read", { error: messageOf(error) });
    }
    return [...records.values()];
  }

  /** Writes Docker's file, for a Docker that may come after us. To be called at a clean shutdown. */
  writeForDocker(records: readonly VolumeRecord[]): void {
    this.#docker.write((existing) => {
      const ofPlugins = readDockerVolumes(existing).filter(({ Driver }) => Driver !== 'local');
      return writeDockerVolumes(records, ofPlugins);
    });
  }

  /** Where Docker ran since we did, what it says of a volume is true. */
  #takeOver(records: Map<string, VolumeRecord>): void {
    const file = this.#docker.writtenByDocker();
    if (!file) return;
    for (const { Name, Driver, Labels, Options } of readDockerVolumes(file)) {
      const record = records.get(Name);
      if (!record || Driver !== 'local') continue;
      const labels = Labels ?? {};
      const anonymous = record.anonymous || labels[ANONYMOUS_LABEL] !== undefined;
      const taken = { ...record, labels, options: Options ?? {}, anonymous };
      if (JSON.stringify(taken) === JSON.stringify(record)) continue;
      this.#write(taken);
      records.set(Name, taken);
    }
    this.#docker.accept();
  }

  #write(record: VolumeRecord): void {
    atomicWrite(join(this.#root, record.name, RECORD), JSON.stringify(record), { durable: true });
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
