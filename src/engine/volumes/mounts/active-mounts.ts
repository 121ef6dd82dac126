import { EngineError, type KeyedLock, type Logger, messageOf } from '../../../base/mod.ts';
import type { VolumeRecord, VolumeRecords } from '../../../store/mod.ts';
import { mountPointsBelow } from '../../../sys/mod.ts';
import type { KnownVolumes } from '../known-volumes.ts';
import { needsMount } from '../local/local-options.ts';
import type { VolumeDrivers } from '../volume-drivers.ts';
import type { MountNote, MountNotes } from './mount-notes.ts';

/** Stands for whoever mounted what no note tells of. */
const STRAY = 'stray';

interface Mount extends MountNote {
  /** A mount that is under way and nobody waits for any more is undone when it is there. */
  state: 'mounting' | 'mounted' | 'abandoned';
}

/**
 * Which volumes are mounted for whom: a container that runs, a look into a container, a copy. Plain volumes, which need no
 * mount, cost nothing here. A driver that hangs holds up who waits for that volume, and nobody else.
 */
export class ActiveMounts {
  readonly #byWho = new Map<string, Map<string, Mount>>();
  readonly #records: VolumeRecords;
  readonly #known: KnownVolumes;
  readonly #drivers: VolumeDrivers;
  readonly #notes: MountNotes;
  readonly #locks: KeyedLock;
  readonly #log: Logger;

  constructor(rooms: {
    records: VolumeRecords;
    known: KnownVolumes;
    drivers: VolumeDrivers;
    notes: MountNotes;
    locks: KeyedLock;
    log: Logger;
  }) {
    this.#records = rooms.records;
    this.#known = rooms.known;
    this.#drivers = rooms.drivers;
    this.#notes = rooms.notes;
    this.#locks = rooms.locks;
    this.#log = rooms.log;
  }

  isMounted(name: string): boolean {
    return this.#of(name).length > 0;
  }

  /** Where a volume's files are on the host; '' for one of a plugin that is not mounted. */
  pathOf({ name, driver }: Pick<VolumeRecord, 'name' | 'driver'>): string {
    if (driver === 'local') return this.#records.mountpoint(name);
    return this.#of(name).find(({ path }) => path !== '')?.path ?? '';
  }

  /**
   * Mounts the volume for `who`, and gives the directory on the host. Twice for one is once. Errors are Docker's.
   * `signal` ends the waiting: what then comes of it is undone.
   */
  async mount(name: string, who: string, { signal }: { signal?: AbortSignal } = {}): Promise<string> {
    const record = this.#known.get(name);
    if (!record) throw new EngineError('not-found', `get ${name}: no such volume`);
    if (record.driver === 'local' && !needsMount(record.options)) return this.#records.mountpoint(name);
    const held = this.#byWho.get(who)?.get(name);
    if (held?.state === 'mounted') return held.path;
    const mounting = this.#mount(record, who);
    return await (signal ? unlessAborted(mounting, signal) : mounting).catch((error: unknown) => {
      const code = error instanceof EngineError ? error.code : 'internal';
      const why = `error while mounting volume '${this.pathOf(record)}': ${messageOf(error)}`;
      throw new EngineError(code, why, { cause: error });
    });
  }

  /** Everything that is mounted for `who` goes, as far as nobody else needs it. Goes on at errors; throws the first. */
  async release(who: string): Promise<void> {
    const mounts = [...(this.#byWho.get(who)?.values() ?? [])];
    const results = await Promise.allSettled(mounts.map((mount) => this.#release(who, mount)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /**
   * After a start of the daemon: counts what the one before left mounted for those that live, and takes down, in the
   * background, what is left of others.
   */
  restore(isLiving: (who: string) => boolean): void {
    const left = this.#notes.load();
    for (const [who, notes] of left) for (const note of notes) this.#keep(who, { ...note, state: 'mounted' });
    for (const { name, driver } of this.#strays()) {
      left.set(STRAY, []);
      this.#keep(STRAY, { name, driver, path: '', state: 'mounted' });
    }
    for (const who of left.keys()) {
      if (isLiving(who)) continue;
      this.release(who).catch((error: unknown) => {
        this.#log.warn('a volume stays mounted', { who, error: messageOf(error) });
      });
    }
  }

  /** Local volumes that are mounted and nobody is known to need: the notes went with the exec-root. */
  #strays(): VolumeRecord[] {
    const candidates = this.#known
      .all()
      .filter(
        ({ name, driver, options }) => driver === 'local' && needsMount(options) && !this.isMounted(name),
      );
    if (candidates.length === 0) return [];
    const mounted = mountPointsBelow(this.#records.root);
    return candidates.filter(({ name }) => mounted.has(this.#records.mountpoint(name)));
  }

  /** Whether it is mounted for anybody but `who`: the local driver counts by that. */
  isMountedForOthers(name: string, who: string): boolean {
    return [...this.#byWho].some(([other, mounts]) => other !== who && mounts.has(name));
  }

  #of(name: string): Mount[] {
    return [...this.#byWho.values()].flatMap((mounts) => mounts.get(name) ?? []);
  }

  async #mount({ name, driver: driverName }: VolumeRecord, who: string): Promise<string> {
    using _lock = await this.#locks.acquire(name);
    const held = this.#byWho.get(who)?.get(name);
    if (held?.state === 'mounted') return held.path;
    const mount: Mount = { name, driver: driverName, path: '', state: 'mounting' };
    // Crash: from here on the next daemon knows that it may be there.
    this.#notes.add(who, noteOf(mount));
    this.#keep(who, mount);
    try {
      const driver = await this.#drivers.find(driverName);
      mount.path = await driver.mount(name, who);
    } catch (error) {
      this.#forget(who, name);
      throw error;
    }
    if (mount.state === 'abandoned') {
      await this.#unmount(who, mount);
      throw new EngineError('cancelled', 'the mount is not needed any more');
    }
    mount.state = 'mounted';
    this.#notes.add(who, noteOf(mount));
    return mount.path;
  }

  async #release(who: string, mount: Mount): Promise<void> {
    if (mount.state !== 'mounted') {
      // Why not wait: it may hang, and is undone by who started it.
      mount.state = 'abandoned';
      return;
    }
    using _lock = await this.#locks.acquire(mount.name);
    if (this.#byWho.get(who)?.get(mount.name) === mount) await this.#unmount(who, mount);
  }

  async #unmount(who: string, { name, driver: driverName }: Mount): Promise<void> {
    try {
      const driver = await this.#drivers.find(driverName);
      await driver.unmount(name, who);
    } catch (error) {
      throw new EngineError('internal', `error unmounting volume ${name}: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      // Compat: also when it failed, or the volume could never be removed.
      this.#forget(who, name);
    }
  }

  #keep(who: string, mount: Mount): void {
    const mounts = this.#byWho.get(who) ?? new Map<string, Mount>();
    this.#byWho.set(who, mounts.set(mount.name, mount));
  }

  #forget(who: string, name: string): void {
    const mounts = this.#byWho.get(who);
    mounts?.delete(name);
    if (mounts?.size === 0) this.#byWho.delete(who);
    this.#notes.remove(who, name);
  }
}

function noteOf({ name, driver, path }: Mount): MountNote {
  return { name, driver, path };
}

/** `work`, unless the signal comes first; what becomes of it then is its own business. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  work.catch(() => {});
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
