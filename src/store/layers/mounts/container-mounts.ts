import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf, type Logger, messageOf } from '../../../base/mod.ts';
import type { ChainId } from '../../../spec/digest.ts';
import { type IdMap, outsideOwner } from '../../../spec/id-map.ts';
import { detachMount, mountOverlay, removeTreeAsync, SysError } from '../../../sys/mod.ts';
import type { Layout } from '../../layout.ts';
import type { DiskThread } from '../disk-thread.ts';
import { discardDirectory } from '../layer-db.ts';
import type { ContainerMount, MountOptions } from '../layer-store.ts';
import { MergedView } from '../merged-view.ts';
import {
  completeDirectory,
  type OverlayDirectory,
  publishLink,
  readDirectory,
} from '../overlay-directory.ts';
import { BorrowedMounts } from './borrowed-mounts.ts';
import { buildInitLayer, type InitPlan, planInitLayer, setAttributes } from './init-layer.ts';
import type { MappedLower } from './mapped-lower.ts';
import { type MountRecord, ownRecord, readMountRecord, writeMountRecord } from './mount-record.ts';
import { rebuildDirectories } from './rebuild-directories.ts';

/** What the writable layers need to know of the read-only ones. */
export interface ImageLayers {
  /** The directory of a layer; undefined if it is not there. */
  directory(chainId: ChainId): OverlayDirectory | undefined;
  /** `diff` directories of a layer and all below it, the uppermost first. */
  diffs(chainId: ChainId): string[];
}

/** File that marks a writable layer which is never synced. */
const EPHEMERAL = 'minke-ephemeral';
/** File that marks one of a container in a user namespace: its files have the owners that the host sees. */
const MAPPED = 'minke-mapped';

/** The writable layers of containers: `layerdb/mounts/<id>`, `overlay2/<id>-init` and `overlay2/<id>`. */
export class ContainerMounts {
  readonly #layout: Layout;
  readonly #layers: ImageLayers;
  readonly #disk: DiskThread;
  readonly #log: Logger;
  readonly #mapping: MappedLower | undefined;
  /** What the init layer above an image has; it is the same each time. */
  readonly #plans = new Map<ChainId | undefined, InitPlan>();
  readonly #borrowed = new BorrowedMounts();

  constructor(layout: Layout, layers: ImageLayers, disk: DiskThread, log: Logger, mapping?: MappedLower) {
    this.#mapping = mapping;
    this.#layout = layout;
    this.#layers = layers;
    this.#disk = disk;
    this.#log = log;
  }

  /** Container ids that have a record. */
  list(): string[] {
    return readdirSync(this.#layout.mounts);
  }

  /** True if we made it: its mount has the container's name, or not even that was written. Docker's are random. */
  isOurs(containerId: string): boolean {
    return (readMountRecord(this.#layout, containerId)?.mountId ?? containerId) === containerId;
  }

  /**
   * Crash: the record is written first, and names both directories, so `remove` finds whatever is there.
   * Compat: the mount's id may be any name; ours is the container's, which a lost file cannot hide.
   */
  async create(
    containerId: string,
    parent: ChainId | undefined,
    options: MountOptions,
  ): Promise<ContainerMount> {
    if (!/^[\w][\w.-]*$/.test(containerId))
      throw new EngineError('invalid', `invalid container id ${containerId}`);
    if (parent !== undefined && !this.#layers.directory(parent))
      throw new EngineError('not-found', 'layer does not exist');
    const record = join(this.#layout.mounts, containerId);
    try {
      mkdirSync(record, { mode: 0o755 });
    } catch (error) {
      if (errnoOf(error) === 'EEXIST')
        throw new EngineError('conflict', `mount of ${containerId} already exists`);
      throw error;
    }
    try {
      return this.#make(containerId, parent, options);
    } catch (error) {
      await this.remove(containerId);
      throw error;
    }
  }

  #make(containerId: string, parent: ChainId | undefined, options: MountOptions): ContainerMount {
    const ids = ownRecord(containerId, parent);
    const base = parent === undefined ? undefined : this.#layers.directory(parent);
    writeMountRecord(this.#layout, containerId, ids);
    const init = this.#directory(ids.initId, base);
    const plan = this.#plan(parent);
    buildInitLayer(join(init.path, 'diff'), plan);
    const top = this.#directory(ids.mountId, init.made);
    if (options.ephemeral) writeFileSync(join(top.path, EPHEMERAL), '', { mode: 0o600 });
    const mapped = options.mapped ? this.#mapping : undefined;
    if (mapped) this.#openTo(top.path, mapped.map);
    if (plan.root)
      setAttributes(
        join(top.path, 'diff'),
        mapped ? { ...plan.root, ...outsideOwner(mapped.map, plan.root) } : plan.root,
      );
    else if (mapped) this.#give(join(top.path, 'diff'), mapped.map);
    return this.#describe(ids);
  }

  get(containerId: string): ContainerMount | undefined {
    const record = readMountRecord(this.#layout, containerId);
    return record && this.#describe(record);
  }

  /**
   * Makes the record of a mount of ours whole, for a container whose own record names `parent`: true if it was not.
   * Crash: a power cut may leave its files empty, and without the parent nothing would hold the image's layers.
   */
  repair(containerId: string, parent: ChainId): boolean {
    if (!this.isOurs(containerId) || readMountRecord(this.#layout, containerId)?.parent === parent)
      return false;
    writeMountRecord(this.#layout, containerId, ownRecord(containerId, parent));
    return true;
  }

  /** True if the container's files are thrown away with it, and it with the machine. */
  isEphemeral(containerId: string): boolean {
    return existsSync(join(this.#layout.overlay, containerId, EPHEMERAL));
  }

  mount(containerId: string): string {
    this.#borrowed.keep(containerId);
    return this.#mount(containerId);
  }

  /** Mounts it for as long as the result is not disposed of; whoever else has it mounted is not disturbed. */
  borrow(containerId: string): { rootfs: string } & Disposable {
    const path = join(this.#layout.overlay, this.#require(containerId).mountId);
    const wasMounted = isMountPoint(join(path, 'merged'), path);
    const rootfs = this.#mount(containerId);
    const giveBack = this.#borrowed.take(containerId, wasMounted, () => this.unmount(containerId));
    return { rootfs, [Symbol.dispose]: giveBack };
  }

  #mount(containerId: string): string {
    const found = this.#require(containerId);
    const path = join(this.#layout.overlay, found.mountId);
    const target = join(path, 'merged');
    if (isMountPoint(target, path)) return target;
    mkdirSync(target, { recursive: true, mode: 0o700 });
    try {
      this.#mountAt(path, target, readDirectory(this.#layout, found.mountId).lower);
    } catch (error) {
      const lower = this.#rebuild(found);
      this.#log.info('writable layer put in order', { containerId, why: messageOf(error) });
      try {
        this.#mountAt(path, target, lower);
      } catch (cause) {
        const why = `error creating overlay mount to ${target}: ${messageOf(cause)}`;
        throw new EngineError('internal', why, { cause });
      }
    }
    return target;
  }

  /** Takes the mount away at once; what it has to sync is left to the disk thread. */
  unmount(containerId: string): void {
    if (this.#borrowed.defer(containerId)) return;
    const found = this.get(containerId);
    if (!found) return;
    const target = join(this.#layout.overlay, found.mountId, 'merged');
    const held = detachMount(target);
    if (held !== undefined) {
      this.#disk.call('close', { fd: held }).catch((error: unknown) => {
        // There was no thread to do it: better to wait here than to keep the mount.
        if (error instanceof SysError) closeSync(held);
        this.#log.warn('releasing a mount failed', { containerId, error: messageOf(error) });
      });
    }
    try {
      rmdirSync(target);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT')
        this.#log.warn('mount point stays', { target, error: messageOf(error) });
    }
  }

  async remove(containerId: string): Promise<void> {
    const found = this.get(containerId);
    const record = join(this.#layout.mounts, containerId);
    if (found) {
      this.#borrowed.drop(containerId);
      this.unmount(containerId);
      const trash = [found.mountId, found.initId].map((id) => discardDirectory(this.#layout, id));
      for (const path of trash) await removeTreeAsync(path);
    }
    rmSync(record, { recursive: true, force: true });
  }

  async size(containerId: string): Promise<number> {
    const found = this.#require(containerId);
    return await this.#disk.call('usage', { path: join(this.#layout.overlay, found.mountId, 'diff') });
  }

  /** A layer is gone: what was worked out above it is forgotten. */
  forget(chainId: ChainId): void {
    this.#plans.delete(chainId);
  }

  #require(containerId: string): ContainerMount {
    const found = this.get(containerId);
    if (!found) throw new EngineError('not-found', `mount of ${containerId} does not exist`);
    return found;
  }

  #plan(parent: ChainId | undefined): InitPlan {
    const known = this.#plans.get(parent);
    if (known) return known;
    using view = new MergedView(parent === undefined ? [] : this.#layers.diffs(parent));
    const plan = planInitLayer(view);
    this.#plans.set(parent, plan);
    return plan;
  }

  #directory(
    cacheId: string,
    parent: OverlayDirectory | undefined,
  ): { path: string; made: OverlayDirectory } {
    const path = join(this.#layout.overlay, cacheId);
    mkdirSync(path, { mode: 0o710 });
    mkdirSync(join(path, 'diff'), { mode: 0o755 });
    const made = completeDirectory(this.#layout, path, cacheId, parent);
    publishLink(this.#layout, made);
    return { path, made };
  }

  /** The root of the user namespace may pass through on its way to what is mounted below. */
  #openTo(path: string, map: IdMap): void {
    writeFileSync(join(path, MAPPED), '', { mode: 0o600 });
    chownSync(path, 0, outsideOwner(map, { uid: 0, gid: 0 }).gid);
  }

  #give(path: string, map: IdMap): void {
    const { uid, gid } = outsideOwner(map, { uid: 0, gid: 0 });
    chownSync(path, uid, gid);
  }

  #mountAt(path: string, target: string, lower: readonly string[]): void {
    const work = join(path, 'work');
    const volatile = statSync(join(path, EPHEMERAL), { throwIfNoEntry: false }) !== undefined;
    // Spec: kernel, overlayfs.rst, "Volatile mount": the mark of an earlier mount must go first.
    if (volatile) rmSync(join(work, 'work/incompat/volatile'), { recursive: true, force: true });
    const writable = { upper: join(path, 'diff'), work };
    const mount = (base: string, below: readonly string[]) =>
      mountOverlay({ base, lower: below, writable, target, volatile });
    if (this.#mapping && existsSync(join(path, MAPPED)))
      this.#mapping.using(this.#layout.overlay, lower, mount);
    else mount(this.#layout.overlay, lower);
  }

  #rebuild(mount: ContainerMount): string[] {
    const { parent } = mount;
    const base = parent && this.#layers.directory(parent);
    if (parent && !base)
      throw new EngineError('corrupt', `layer ${parent} does not exist: pull the image again`);
    return rebuildDirectories(this.#layout, mount, base, () => this.#plan(parent));
  }

  #describe(ids: MountRecord): ContainerMount {
    const { parent } = ids;
    const top = join(this.#layout.overlay, ids.mountId);
    // Crash: layers that a power cut took are missing below, and the container is there all the same.
    const below = () =>
      parent === undefined || !this.#layers.directory(parent) ? [] : this.#layers.diffs(parent);
    return {
      ...ids,
      merged: join(top, 'merged'),
      graphData: () => ({
        LowerDir: [join(this.#layout.overlay, ids.initId, 'diff'), ...below()].join(':'),
        MergedDir: join(top, 'merged'),
        UpperDir: join(top, 'diff'),
        WorkDir: join(top, 'work'),
      }),
    };
  }
}

function isMountPoint(target: string, parent: string): boolean {
  const stat = statSync(target, { throwIfNoEntry: false });
  return stat !== undefined && stat.dev !== statSync(parent).dev;
}
