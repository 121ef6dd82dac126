import { EngineError, formatTime, newId, nowNano } from '../../base/mod.ts';
import type { VolumeRecord, VolumeRecords } from '../../store/mod.ts';
import type { Events } from '../events/mod.ts';
import { booleanFilter, checkFilterKeys, type Filters, matchesAny, matchesLabels } from '../filters.ts';
import { matchesPruneLabels } from '../prune-filters.ts';
import type { Volume, VolumeCreateRequest, VolumesBackend, VolumeWithUsage } from './volumes.ts';

/** What `volumes/` asks about containers without importing them; `daemon/` supplies it. */
export interface VolumeUsers {
  /** Ids of containers, of any state, that mount this volume. */
  usersOf(name: string): string[];
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Volumes of the `local` driver. */
export class LocalVolumes implements VolumesBackend {
  readonly #records: VolumeRecords;
  readonly #users: VolumeUsers;
  readonly #events: Events;
  readonly #measure: (path: string) => Promise<number>;
  readonly #byName = new Map<string, VolumeRecord>();

  /** `measure` tells how many bytes are in a tree. */
  constructor(
    records: VolumeRecords,
    users: VolumeUsers,
    events: Events,
    measure: (path: string) => Promise<number>,
  ) {
    this.#records = records;
    this.#users = users;
    this.#events = events;
    this.#measure = measure;
    for (const record of records.load()) this.#byName.set(record.name, record);
  }

  /** For a Docker that may come after us. */
  writeForDocker(): void {
    this.#records.writeForDocker([...this.#byName.values()]);
  }

  get(name: string): VolumeRecord | undefined {
    return this.#byName.get(name);
  }

  mountpoint(name: string): string {
    return this.#records.mountpoint(name);
  }

  /** Gives the volume of that name, made if it is not there; an undefined name makes an anonymous one. */
  ensure(
    name: string | undefined,
    driver: string,
    labels: Record<string, string>,
    options: Record<string, string>,
    madeFor?: string,
  ): VolumeRecord {
    if (driver !== '' && driver !== 'local') {
      throw new EngineError(
        'not-found',
        `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      );
    }
    const known = name === undefined ? undefined : this.#byName.get(name);
    if (known) return known;
    if (Object.keys(options).length > 0) {
      throw new EngineError(
        'unimplemented',
        'options of the local volume driver are not implemented by Minke yet',
      );
    }
    if (name !== undefined && name.length === 1) {
      throw new EngineError(
        'invalid',
        `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
      );
    }
    if (name !== undefined && !NAME.test(name)) {
      throw new EngineError(
        'invalid',
        `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    }
    const record: VolumeRecord = {
      name: name ?? newId(),
      driver: 'local',
      labels,
      options,
      createdAt: formatTime(nowNano()).replace(/\.\d+Z$/, 'Z'),
      anonymous: name === undefined,
      ...(name === undefined && madeFor !== undefined && { madeFor }),
    };
    this.#records.create(record);
    this.#byName.set(record.name, record);
    this.#events.publish('volume', 'create', record.name, { driver: 'local' });
    return record;
  }

  /** Removes it if no container uses it any more; says nothing if it is not there. */
  async removeIfUnused(name: string): Promise<void> {
    if (this.#byName.has(name) && this.#users.usersOf(name).length === 0) await this.#destroy(name);
  }

  /** A create was cut off: the volumes without a name that it made go. */
  async removeMadeFor(id: string): Promise<void> {
    for (const { name, madeFor } of [...this.#byName.values()])
      if (madeFor === id) await this.removeIfUnused(name);
  }

  async list(filters: Filters): Promise<{ volumes: Volume[]; warnings: string[] }> {
    checkFilterKeys(filters, ['dangling', 'driver', 'label', 'name']);
    const dangling = booleanFilter(filters, 'dangling');
    const volumes = [...this.#byName.values()].filter((record) => {
      return (
        matchesAny(filters, 'name', record.name) &&
        matchesLabels(filters, record.labels) &&
        (!filters.has('driver') || filters.get('driver')?.has(record.driver)) &&
        (dangling === undefined || dangling === (this.#users.usersOf(record.name).length === 0))
      );
    });
    return { volumes: volumes.map((record) => this.#shown(record)), warnings: [] };
  }

  async inspect(name: string): Promise<Volume> {
    const record = this.#byName.get(name);
    if (!record) throw noSuchVolume(name);
    return this.#shown(record);
  }

  async create(request: VolumeCreateRequest): Promise<Volume> {
    const labels =
      request.name === '' ? { ...request.labels, 'com.docker.volume.anonymous': '' } : request.labels;
    const record = this.ensure(request.name || undefined, request.driver, labels, request.options);
    return this.#shown(record);
  }

  async remove(name: string, force: boolean): Promise<void> {
    if (!this.#byName.has(name)) {
      if (force) return;
      throw noSuchVolume(name);
    }
    const users = this.#users.usersOf(name);
    if (users.length > 0) {
      throw new EngineError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
    }
    await this.#destroy(name);
  }

  async prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }> {
    checkFilterKeys(filters, ['all', 'label', 'label!']);
    const all = booleanFilter(filters, 'all') === true;
    const deleted: string[] = [];
    let spaceReclaimed = 0;
    for (const record of [...this.#byName.values()]) {
      if (!all && !record.anonymous) continue;
      if (!matchesPruneLabels(filters, record.labels)) continue;
      if (this.#users.usersOf(record.name).length > 0) continue;
      const size = await this.#measure(this.#records.mountpoint(record.name));
      // Race: during that, it may have gone or come into use.
      if (!this.#byName.has(record.name) || this.#users.usersOf(record.name).length > 0) continue;
      await this.#destroy(record.name);
      deleted.push(record.name);
      spaceReclaimed += size;
    }
    this.#events.publish('volume', 'prune', '', { reclaimed: String(spaceReclaimed) });
    return { deleted, spaceReclaimed };
  }

  async usage(): Promise<VolumeWithUsage[]> {
    return await Promise.all(
      [...this.#byName.values()].map(async (record) => ({
        ...this.#shown(record),
        UsageData: {
          Size: await this.#measure(this.#records.mountpoint(record.name)),
          RefCount: this.#users.usersOf(record.name).length,
        },
      })),
    );
  }

  async #destroy(name: string): Promise<void> {
    this.#byName.delete(name);
    await this.#records.remove(name);
    this.#events.publish('volume', 'destroy', name, { driver: 'local' });
  }

  #shown(record: VolumeRecord): Volume {
    return {
      CreatedAt: record.createdAt,
      Driver: record.driver,
      Labels: Object.keys(record.labels).length > 0 ? record.labels : null,
      Mountpoint: this.#records.mountpoint(record.name),
      Name: record.name,
      Options: Object.keys(record.options).length > 0 ? record.options : null,
      Scope: 'local',
    };
  }
}

function noSuchVolume(name: string): EngineError {
  return new EngineError('not-found', `get ${name}: no such volume`);
}
