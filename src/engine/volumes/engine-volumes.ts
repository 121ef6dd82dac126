import { EngineError, KeyedLock, type Logger } from '../../base/mod.ts';
import type { VolumeRecord, VolumeRecords, VolumeThreads } from '../../store/mod.ts';
import type { Events } from '../events/mod.ts';
import type { Filters } from '../filters.ts';
import { KnownVolumes, type VolumeUsers } from './known-volumes.ts';
import { LocalDriver, type MountCount } from './local/local-driver.ts';
import { needsMount } from './local/local-options.ts';
import { ActiveMounts } from './mounts/active-mounts.ts';
import { MountNotes } from './mounts/mount-notes.ts';
import { PluginPlaces } from './plugins/plugin-places.ts';
import { Plugins } from './plugins/plugins.ts';
import { createVolume, type WantedVolume } from './verbs/create.ts';
import { inspectVolume } from './verbs/inspect.ts';
import { listVolumes } from './verbs/list.ts';
import { pruneVolumes, usageOfVolumes } from './verbs/prune.ts';
import { removeIfUnused, removeVolume } from './verbs/remove.ts';
import { VolumeDrivers } from './volume-drivers.ts';
import type {
  Volume,
  VolumeCreateRequest,
  VolumesBackend,
  VolumesForContainers,
  VolumeWithUsage,
} from './volumes.ts';
import type { VolumesContext } from './volumes-context.ts';

export interface VolumeRooms {
  records: VolumeRecords;
  threads: Pick<VolumeThreads, 'call'>;
  users: VolumeUsers;
  events: Pick<Events, 'publish'>;
  execRoot: string;
  log: Logger;
}

/** The volumes of all drivers. */
export class EngineVolumes implements VolumesBackend, VolumesForContainers {
  readonly #context: VolumesContext;
  readonly #threads: Pick<VolumeThreads, 'call'>;
  #isPruning = false;

  constructor({ records, threads, users, events, execRoot, log }: VolumeRooms) {
    this.#threads = threads;
    const known = new KnownVolumes(records.load(), users);
    const locks = new KeyedLock();
    const local = new LocalDriver(records, known, threads, (): MountCount => mounts);
    const drivers = new VolumeDrivers(local, new Plugins(new PluginPlaces(), log));
    // Its own locks: a removal holds the volume's, and waits for no mount.
    const notes = new MountNotes(execRoot);
    const mounts: ActiveMounts = new ActiveMounts({
      records,
      known,
      drivers,
      notes,
      locks: new KeyedLock(),
      log,
    });
    const measure = (path: string) => threads.call('usage', { path });
    this.#context = { records, known, drivers, mounts, locks, events, measure, log };
  }

  /** For a Docker that may come after us. */
  writeForDocker(): void {
    this.#context.records.writeForDocker(this.#context.known.all());
  }

  async list(filters: Filters): Promise<{ volumes: Volume[]; warnings: string[] }> {
    return await listVolumes(this.#context, filters);
  }

  async inspect(name: string): Promise<Volume> {
    return await inspectVolume(this.#context, name);
  }

  async create({ name, ...request }: VolumeCreateRequest): Promise<Volume> {
    const { record } = await createVolume(this.#context, { ...request, name: name || undefined });
    return await inspectVolume(this.#context, record.name);
  }

  async remove(name: string, force: boolean): Promise<void> {
    await removeVolume(this.#context, name, force);
  }

  async usage(): Promise<VolumeWithUsage[]> {
    return await usageOfVolumes(this.#context);
  }

  async prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }> {
    if (this.#isPruning) throw new EngineError('conflict', 'a prune operation is already running');
    this.#isPruning = true;
    try {
      return await pruneVolumes(this.#context, filters);
    } finally {
      this.#isPruning = false;
    }
  }

  async ensure(wanted: WantedVolume): Promise<{ record: VolumeRecord; made: boolean }> {
    return await createVolume(this.#context, wanted);
  }

  letGo(user: string): void {
    this.#context.known.letGo(user);
  }

  get(name: string): VolumeRecord | undefined {
    return this.#context.known.get(name);
  }

  pathOf(volume: Pick<VolumeRecord, 'name' | 'driver'>): string {
    return this.#context.mounts.pathOf(volume);
  }

  async mount(name: string, who: string, options: { signal?: AbortSignal } = {}): Promise<string> {
    return await this.#context.mounts.mount(name, who, options);
  }

  async restrictions(name: string, path: string): Promise<string[]> {
    if (path === this.#context.records.mountpoint(name) && !needsMount(this.get(name)?.options ?? null))
      return [];
    return await this.#threads.call('restrictions', { path });
  }

  async release(who: string): Promise<void> {
    await this.#context.mounts.release(who);
  }

  restore(isLiving: (who: string) => boolean): void {
    this.#context.mounts.restore(isLiving);
  }

  async removeIfUnused(name: string): Promise<void> {
    await removeIfUnused(this.#context, name);
  }

  async removeMadeFor(user: string): Promise<void> {
    for (const { name, madeFor } of this.#context.known.all())
      if (madeFor === user) await removeIfUnused(this.#context, name);
  }
}
