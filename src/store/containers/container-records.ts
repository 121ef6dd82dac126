import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf } from '../../base/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';
import { atomicWrite, syncDirectory } from '../../sys/mod.ts';
import type { ContainerRecord } from './container-record.ts';
import { fromDockerJson, toDockerJson } from './docker-json.ts';

const REMOVED = '.removed-';

/** `containers/<id>/` under the data-root: the records of containers and the small files that belong to them. */
export class ContainerRecords {
  readonly #root: string;
  readonly #log: Logger;

  constructor(dataRoot: string, log: Logger) {
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
    mkdirSync(this.directory(record.id), { mode: 0o710 });
    this.#writeHostConfig(record, options);
    this.update(record, options);
    if (options.durable) syncDirectory(this.#root);
  }

  /** Replaces `config.v2.json`; a change of state needs no fsync (design section 5). */
  update(record: ContainerRecord, options: { durable: boolean } = { durable: false }): void {
    const path = join(this.directory(record.id), 'config.v2.json');
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
    for (const name of readdirSync(this.#root)) {
      if (name.startsWith(REMOVED)) rmSync(join(this.#root, name), { recursive: true, force: true });
      else if (/^[0-9a-f]{64}$/.test(name)) records.push(...this.#loadOne(name));
    }
    return records;
  }

  #loadOne(id: string): ContainerRecord[] {
    const directory = this.directory(id);
    try {
      const hostConfig = JSON.parse(readFileSync(join(directory, 'hostconfig.json'), 'utf8')) as HostConfig;
      const json = JSON.parse(readFileSync(join(directory, 'config.v2.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      return [fromDockerJson(json, hostConfig)];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        rmSync(directory, { recursive: true, force: true });
      else this.#log.error('container record cannot be read', { id, error: messageOf(error) });
      return [];
    }
  }

  #writeHostConfig(record: ContainerRecord, options: { durable: boolean }): void {
    atomicWrite(
      join(this.directory(record.id), 'hostconfig.json'),
      JSON.stringify(record.hostConfig),
      options,
    );
  }
}
