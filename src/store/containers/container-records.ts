import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf } from '../../base/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';
import { atomicWrite, syncDirectory } from '../../sys/mod.ts';
import type { ContainerRecord } from './container-record.ts';
import { fromDockerJson, toDockerJson } from './docker-json.ts';
import { withPaths } from './record-paths.ts';

const CONFIG = 'config.v2.json';
/** The last version that is known to be on the disk. */
const DURABLE = '.config.v2.json.minke-durable';
const HOST_CONFIG = 'hostconfig.json';
const REMOVED = '.removed-';
/** Compat: Docker too leaves containers of another storage driver alone. */
const DRIVER = 'overlay2';

/** `containers/<id>/` under the data-root: the records of containers and the small files that belong to them. */
export class ContainerRecords {
  readonly #dataRoot: string;
  readonly #root: string;
  readonly #log: Logger;
  #unreadable: string[] = [];

  constructor(dataRoot: string, log: Logger) {
    this.#dataRoot = dataRoot;
    this.#root = join(dataRoot, 'containers');
    this.#log = log;
    mkdirSync(this.#root, { recursive: true, mode: 0o710 });
  }

  /** Absolute directory of a container; it exists from `create` to `remove`. */
  directory(id: string): string {
    return join(this.#root, id);
  }

  /** True if there is a container of this id on disk, readable or not. */
  has(id: string): boolean {
    return existsSync(this.directory(id));
  }

  /**
   * Writes a new container. Crash: the directory without `config.v2.json` is no container yet; `load` removes it.
   * `durable` false (of `--rm` containers) leaves out the fsync.
   */
  create(record: ContainerRecord, options: { durable: boolean }): void {
    const directory = this.directory(record.id);
    mkdirSync(directory, { mode: 0o710 });
    this.#writeHostConfig(record, options);
    this.update(record, options);
    if (!options.durable) return;
    // Crash: some filesystems (XFS) show a file that was renamed over another and not synced as empty afterwards.
    linkSync(join(directory, CONFIG), join(directory, DURABLE));
    syncDirectory(this.#root);
  }

  /** Replaces `config.v2.json`; a change of state needs no fsync (design section 5). */
  update(record: ContainerRecord, options: { durable: boolean } = { durable: false }): void {
    const path = join(this.directory(record.id), CONFIG);
    atomicWrite(path, JSON.stringify(toDockerJson(record)), options);
  }

  /** Replaces `hostconfig.json`. */
  updateHostConfig(record: ContainerRecord): void {
    this.#writeHostConfig(record, { durable: true });
  }

  /** Removes a container's directory. Crash: it is renamed first, so it is gone as a whole; `load` ends the work. */
  remove(id: string): void {
    const grave = join(this.#root, `${REMOVED}${id}`);
    try {
      renameSync(this.directory(id), grave);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    rmSync(grave, { recursive: true, force: true });
  }

  /** All containers on disk; what a crash left half made or half removed is cleared away. */
  load(): ContainerRecord[] {
    const records: ContainerRecord[] = [];
    this.#unreadable = [];
    for (const name of readdirSync(this.#root)) {
      if (name.startsWith(REMOVED)) rmSync(join(this.#root, name), { recursive: true, force: true });
      else if (/^[0-9a-f]{64}$/.test(name)) records.push(...this.#loadOne(name));
    }
    return records;
  }

  /** Ids of the containers that the last `load` could not read: a power cut leaves those of `--rm` so. */
  get unreadable(): readonly string[] {
    return this.#unreadable;
  }

  #loadOne(id: string): ContainerRecord[] {
    const directory = this.directory(id);
    try {
      const hostConfig = readJson(join(directory, HOST_CONFIG)) as unknown as HostConfig;
      const json = this.#readConfig(directory);
      const driver = json['Driver'];
      if (typeof driver === 'string' && driver !== '' && driver !== DRIVER) {
        this.#log.info('container left alone: it has another storage driver', { id, driver });
        return [];
      }
      return [withPaths(fromDockerJson(json, hostConfig), this.#dataRoot)];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        rmSync(directory, { recursive: true, force: true });
      else {
        this.#log.error('container record cannot be read', { id, error: messageOf(error) });
        this.#unreadable.push(id);
      }
      return [];
    }
  }

  /** The record, or its last durable version where a power cut took what was written since. */
  #readConfig(directory: string): Record<string, unknown> {
    try {
      return readJson(join(directory, CONFIG));
    } catch (error) {
      const durable = join(directory, DURABLE);
      if (!existsSync(durable) || !existsSync(join(directory, CONFIG))) throw error;
      this.#log.warn('the last changes of a container are lost', { directory, error: messageOf(error) });
      return readJson(durable);
    }
  }

  #writeHostConfig(record: ContainerRecord, options: { durable: boolean }): void {
    const { hostConfig } = record;
    // Compat: a Docker that has no such runtime would not start the container; ours is kept in the other file.
    const Runtime = hostConfig.Runtime === 'crun' ? 'runc' : hostConfig.Runtime;
    const content = JSON.stringify({ ...hostConfig, Runtime });
    atomicWrite(join(this.directory(record.id), HOST_CONFIG), content, options);
  }
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}
