import { chownSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type Logger, messageOf } from '../../base/mod.ts';
import type { Owner } from '../../spec/id-map.ts';
import { atomicWrite, removeTree, removeTreeAsync, syncDirectory } from '../../sys/mod.ts';
import { type DockerFile, volumesFile } from '../exchange/docker-file.ts';
import { type DockerVolume, readDockerVolumes, writeDockerVolumes } from '../exchange/docker-volumes.ts';
import { readDockerOptions, writeDockerOptions } from './docker-options.ts';
import { unmountVolume } from './mount-volume.ts';
import { PluginRecords } from './plugin-records.ts';
import type { VolumeRecord } from './volume-record.ts';

const RECORD = 'minke.json';
const DATA = '_data';
const REMOVED = '.removed-';

/** Compat: Docker 23 and later mark the volumes so that were made without a name. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/**
 * `volumes/<name>/_data` under the data-root, as Docker has it, with a record of ours beside `_data`; volumes of plugins,
 * which have no files here, in one file. Labels and options that Docker keeps in `volumes/metadata.db` are read where
 * Docker wrote it last, and written by `writeForDocker`.
 */
export class VolumeRecords {
  readonly #root: string;
  readonly #docker: DockerFile;
  readonly #log: Logger;
  readonly #owner: Owner | undefined;
  readonly #plugins: PluginRecords;

  /** `owner`: whose new volumes are; root's unless given. */
  constructor(dataRoot: string, log: Logger, owner?: Owner) {
    this.#owner = owner;
    this.#root = join(dataRoot, 'volumes');
    this.#docker = volumesFile(dataRoot);
    this.#log = log;
    mkdirSync(this.#root, { recursive: true, mode: 0o701 });
    this.#plugins = new PluginRecords(this.#root);
  }

  /** Where the volumes' directories are. */
  get root(): string {
    return this.#root;
  }

  /** Absolute directory of the files of a `local` volume; also where it is mounted, if it has options. */
  mountpoint(name: string): string {
    return join(this.#root, name, DATA);
  }

  /**
   * Durable. Crash: the record stands before `_data`, so that a volume that was made for a container is known as such
   * from its first moment; a directory with neither is no volume yet, and `load` removes it. Docker's have no record.
   */
  create(record: VolumeRecord): void {
    if (record.driver !== 'local') {
      this.#plugins.add(record);
      return;
    }
    const directory = join(this.#root, record.name);
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    this.#write(record);
    writeDockerOptions(directory, record.options);
    mkdirSync(this.mountpoint(record.name), { recursive: true, mode: 0o755 });
    if (this.#owner) chownSync(this.mountpoint(record.name), this.#owner.uid, this.#owner.gid);
    syncDirectory(this.#root);
  }

  /**
   * Removes a volume, a `local` one with its files; nothing may be mounted there. Crash: it is renamed first; `load` ends
   * the work. Idempotent.
   */
  async remove({ name, driver }: Pick<VolumeRecord, 'name' | 'driver'>): Promise<void> {
    if (driver !== 'local') {
      this.#plugins.remove(name);
      return;
    }
    const grave = join(this.#root, `${REMOVED}${name}`);
    try {
      renameSync(join(this.#root, name), grave);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    await removeTreeAsync(grave);
  }

  /** All volumes; what a crash left half made or half removed is cleared away. */
  load(): VolumeRecord[] {
    const records = new Map<string, VolumeRecord>();
    for (const entry of readdirSync(this.#root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const path = join(this.#root, entry.name);
      // Why not `existsSync`: a server of files may be mounted on `_data`, and hang.
      const files = readdirSync(path);
      const isWhole = files.includes(RECORD) || files.includes(DATA);
      if (entry.name.startsWith(REMOVED) || !isWhole) this.#clearAway(path);
      else {
        if (!files.includes(DATA)) mkdirSync(this.mountpoint(entry.name), { mode: 0o755 });
        records.set(entry.name, this.#read(entry.name));
      }
    }
    for (const record of this.#plugins.load()) {
      if (!records.has(record.name)) records.set(record.name, record);
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
    this.#docker.write(() => writeDockerVolumes(records));
  }

  /** Where Docker ran since we did, what it says of a volume is true. */
  #takeOver(records: Map<string, VolumeRecord>): void {
    const file = this.#docker.writtenByDocker();
    if (!file) return;
    const theirs = readDockerVolumes(file);
    for (const volume of theirs) {
      const record = records.get(volume.Name);
      if (!record && volume.Driver === 'local') continue;
      const taken = takenOver(volume, record);
      if (!taken || JSON.stringify(taken) === JSON.stringify(record)) continue;
      if (taken.driver === 'local') this.#write(taken);
      else this.#plugins.add(taken);
      records.set(taken.name, taken);
    }
    const named = new Set(theirs.map(({ Name }) => Name));
    for (const { name, driver } of [...records.values()]) {
      if (driver === 'local' || named.has(name)) continue;
      this.#plugins.remove(name);
      records.delete(name);
    }
    this.#docker.accept();
  }

  #clearAway(path: string): void {
    // Crash: a removal takes the mount away first; whatever is still there is not ours to empty.
    unmountVolume(join(path, DATA));
    removeTree(path);
  }

  #write(record: VolumeRecord): void {
    atomicWrite(join(this.#root, record.name, RECORD), JSON.stringify(record), { durable: true });
  }

  #read(name: string): VolumeRecord {
    const directory = join(this.#root, name);
    try {
      return JSON.parse(readFileSync(join(directory, RECORD), 'utf8')) as VolumeRecord;
    } catch {
      const options = readDockerOptions(directory);
      const createdAt = withoutFraction(statSync(directory).birthtime);
      return { name, driver: 'local', labels: null, options, createdAt, anonymous: false };
    }
  }
}

/** Undefined where a volume of ours and one of Docker's have one name and different drivers. */
function takenOver(theirs: DockerVolume, ours: VolumeRecord | undefined): VolumeRecord | undefined {
  const { Name: name, Driver: driver, Labels: labels, Options: options } = theirs;
  if (ours && ours.driver !== driver) return undefined;
  const anonymous = ours?.anonymous || labels?.[ANONYMOUS_LABEL] !== undefined;
  const createdAt = withoutFraction(new Date());
  const taken = { createdAt, ...ours, name, driver, labels: labels ?? null, options: options ?? null };
  return { ...taken, anonymous };
}

function withoutFraction(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
