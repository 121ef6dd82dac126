import { lookup } from 'node:dns/promises';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { mountCalls, type VolumeRecords, type VolumeThreads } from '../../../store/mod.ts';
import type { DriverVolume, VolumeDriver } from '../driver.ts';
import type { KnownVolumes } from '../known-volumes.ts';
import {
  checkLocalName,
  checkLocalOptions,
  mountSource,
  needsMount,
  withoutPassword,
} from './local-options.ts';

/** Who counts the mounts of one volume. */
export interface MountCount {
  isMountedForOthers(name: string, who: string): boolean;
}

/**
 * The volumes of the data-root: a directory each, or what its options say is mounted there: at the first use, until the
 * last one ends. Names and addresses are looked up, and mounts are made, where they hold up nobody else.
 */
export class LocalDriver implements VolumeDriver {
  readonly name = 'local';
  readonly #records: VolumeRecords;
  readonly #known: KnownVolumes;
  readonly #threads: Pick<VolumeThreads, 'call'>;
  readonly #count: () => MountCount;

  constructor(
    records: VolumeRecords,
    known: KnownVolumes,
    threads: Pick<VolumeThreads, 'call'>,
    count: () => MountCount,
  ) {
    this.#records = records;
    this.#known = known;
    this.#threads = threads;
    this.#count = count;
  }

  async scope(): Promise<'local'> {
    return 'local';
  }

  /** Checks only: a directory and a record of it are one thing, and are made together. */
  async create({ name, options }: { name: string; options: Record<string, string> | null }): Promise<void> {
    checkLocalName(name);
    checkLocalOptions(options);
  }

  /** Whatever is still mounted there goes: what is removed next are files. */
  async remove(name: string): Promise<void> {
    if (needsMount(this.#known.get(name)?.options ?? null)) await this.#unmount(name);
  }

  async get(name: string): Promise<DriverVolume | undefined> {
    const record = this.#known.get(name);
    return record && { name, mountpoint: this.#records.mountpoint(name), createdAt: record.createdAt };
  }

  async list(): Promise<DriverVolume[]> {
    const found = await Promise.all(this.#known.all().map(({ name }) => this.get(name)));
    return found.flatMap((volume) => volume ?? []);
  }

  async mount(name: string, who: string): Promise<string> {
    const target = this.#records.mountpoint(name);
    if (this.#count().isMountedForOthers(name, who)) return target;
    const options = this.#known.get(name)?.options ?? {};
    const { device, type, o } = await mountSource(options, async (host) => (await lookup(host)).address);
    try {
      await this.#threads.call('mount', { target, calls: mountCalls(device, type, o) });
    } catch (error) {
      const why = withoutPassword(messageOf(error), options);
      throw new EngineError('internal', `failed to mount local volume: ${why}`, { cause: error });
    }
    return target;
  }

  async unmount(name: string, who: string): Promise<void> {
    if (!this.#count().isMountedForOthers(name, who)) await this.#unmount(name);
  }

  async #unmount(name: string): Promise<void> {
    await this.#threads.call('unmount', { target: this.#records.mountpoint(name) });
  }
}
