import { join } from 'node:path';
import { KeyedLock, type Logger, messageOf, newId } from '../../base/mod.ts';
import { chainIdOf } from '../../spec/chain-id.ts';
import { type ChainId, type DiffId, type Digest, isDigest } from '../../spec/digest.ts';
import { removeTreeAsync } from '../../sys/mod.ts';
import { type Layout, layerRecordPath } from '../layout.ts';
import { type BlobOrigins, FileBlobOrigins } from './blob-origins.ts';
import { DiskThread } from './disk-thread.ts';
import { Durability } from './durability.ts';
import type { ExportPool } from './export/export-pool.ts';
import type { LayerSource } from './export/layer-tar.ts';
import type { LayerTars } from './export/layer-tars.ts';
import { ThreadLayerTars } from './export/thread-layer-tars.ts';
import { healLayer } from './heal-layer.ts';
import { type HeldLayer, HeldLayers } from './held-layers.ts';
import { isQuickJoin, joinLayer } from './join.ts';
import { digestFile, emptyStaging, loadLayers, recoverLayers, unrecordLayer } from './layer-db.ts';
import type {
  ContainerMount,
  GraphData,
  Layer,
  LayerStore,
  MountOptions,
  StagedLayer,
  StageRequest,
} from './layer-store.ts';
import { isLeftover, LEFTOVER_MS } from './leftovers.ts';
import { ContainerMounts } from './mounts/container-mounts.ts';
import type { MappedLower } from './mounts/mapped-lower.ts';
import { MountHolds } from './mounts/mount-holds.ts';
import { mountView } from './mounts/mount-view.ts';
import { checkedDirectory, readOptional } from './overlay-directory.ts';
import { placeLayer } from './place-layer.ts';
import { Stager } from './stage/stager.ts';
import { Sweeper } from './sweeper.ts';

/** Layers as Docker's overlay2 driver keeps them; see `LayerStore`. Open one for each data-root. */
export class OverlayLayers implements LayerStore {
  readonly #layout: Layout;
  readonly #log: Logger;
  readonly #mapping: MappedLower | undefined;
  readonly #layers: HeldLayers;
  readonly #disk = new DiskThread();
  readonly #sweeper: Sweeper;
  readonly #tars = new ThreadLayerTars(
    (chainId) => this.#sourceOf(chainId),
    (chainId, why) => this.#noteDamage(chainId, why),
  );
  readonly origins: BlobOrigins;
  readonly #stager: Stager;
  readonly #durability: Durability;
  readonly #mounts: ContainerMounts;
  readonly #mountHolds = new MountHolds();
  readonly #locks = new KeyedLock();
  readonly #cleanup: Promise<void>;
  #leftovers: Promise<void> = Promise.resolve();
  #leftoverTimer: NodeJS.Timeout | undefined;

  /** Reads what is there, undoes what a crash left half done, drops layers that a power cut may have damaged. */
  constructor(
    layout: Layout,
    log: Logger,
    options: { maxLayerSize?: number | undefined; mapping?: MappedLower | undefined } = {},
  ) {
    this.#layout = layout;
    this.#log = log;
    this.#mapping = options.mapping;
    this.#layers = new HeldLayers(layout.overlay);
    this.#stager = new Stager(layout, log, options.maxLayerSize);
    this.origins = new FileBlobOrigins(layout);
    this.#durability = new Durability(layout, this.#disk, log);
    this.#sweeper = new Sweeper(log);
    this.#mounts = new ContainerMounts(
      layout,
      { directory: (id) => this.#layers.get(id)?.directory, diffs: (id) => this.#layers.diffs(id) },
      this.#disk,
      log,
      options.mapping,
    );
    recoverLayers(layout, log);
    this.#load();
    this.#cleanup = emptyStaging(layout, (name) => this.#stager.kept.has(name)).catch((error: unknown) => {
      log.warn('leftovers of layers stay', { error: messageOf(error) });
    });
    for (const containerId of this.#mounts.list()) {
      const parent = this.#mounts.get(containerId)?.parent;
      if (!parent) continue;
      const isThere = this.#layers.get(parent) !== undefined;
      if (isThere) this.retain(parent);
      this.#mountHolds.note(containerId, parent, isThere);
    }
  }

  get tars(): LayerTars {
    return this.#tars;
  }

  get(chainId: ChainId): Layer | undefined {
    return this.#layers.get(chainId)?.layer;
  }

  list(): Layer[] {
    return this.#layers.all().map(({ layer }) => layer);
  }

  async stage(request: StageRequest): Promise<StagedLayer> {
    return await this.#stager.stage(request);
  }

  async commit(staged: StagedLayer, parent: ChainId | undefined): Promise<Layer> {
    const chainId = chainIdOf(parent, staged.diffId);
    using _held = await this.#locks.acquire(chainId);
    const existing = this.#layers.get(chainId);
    if (existing?.damaged) return await this.#heal(existing, await this.#own(staged));
    if (existing) {
      await this.#discardBeside(existing, staged);
      return existing.layer;
    }
    // Where another request was first, it may have given the layer up, or have put it above another parent.
    return await this.#place(await this.#own(staged), parent, chainId);
  }

  async examine(chainId: ChainId): Promise<void> {
    for (const { layer, damaged } of this.#layers.chain(chainId)) {
      if (damaged) continue;
      const why = await this.#tars.look(layer.chainId);
      if (why !== undefined) this.#noteDamage(layer.chainId, why);
    }
  }

  isDamaged(chainId: ChainId): boolean {
    return this.#layers.get(chainId)?.damaged === true;
  }

  async discard(staged: StagedLayer): Promise<void> {
    if (staged.directory === '') return;
    await removeTreeAsync(staged.directory);
    this.#stager.kept.forget(staged.directory);
  }

  async keep(staged: StagedLayer): Promise<void> {
    if (!this.#stager.kept.keep(staged)) await this.discard(staged);
  }

  diffIdOf(digest: Digest): DiffId | undefined {
    const diffId = readOptional(digestFile(this.#layout.diffIdByDigest, digest))?.trim();
    return diffId && isDigest(diffId) ? (diffId as DiffId) : undefined;
  }

  retain(chainId: ChainId): void {
    this.#layers.require(chainId).holds++;
  }

  async release(chainId: ChainId): Promise<ChainId[]> {
    const removed: ChainId[] = [];
    for (let at: ChainId | undefined = chainId; at; ) {
      const held = this.#layers.drop(at);
      if (!held) break;
      await this.#remove(held);
      removed.push(at);
      at = held.layer.parent;
    }
    return removed;
  }

  letGo(chainId: ChainId): void {
    this.#layers.letGo(chainId);
  }

  async createMount(
    containerId: string,
    parent: ChainId | undefined,
    options: MountOptions = {},
  ): Promise<ContainerMount> {
    if (parent !== undefined) this.retain(parent);
    try {
      const mount = await this.#mounts.create(containerId, parent, options);
      if (parent !== undefined) this.#mountHolds.note(containerId, parent, true);
      return mount;
    } catch (error) {
      if (parent !== undefined) await this.release(parent);
      throw error;
    }
  }

  strayMounts(isKnown: (containerId: string) => boolean): string[] {
    return this.#mounts.list().filter((id) => !isKnown(id) && this.#mounts.isOurs(id));
  }

  repairMount(containerId: string, parent: ChainId): void {
    if (!this.#mounts.repair(containerId, parent)) return;
    this.#log.warn('record of a writable layer written anew', { containerId, parent });
    // What it held before is another layer, or none.
    this.#mountHolds.take(containerId);
    const isThere = this.#layers.get(parent) !== undefined;
    if (isThere) this.retain(parent);
    this.#mountHolds.note(containerId, parent, isThere);
  }

  isEphemeral(containerId: string): boolean {
    return this.#mounts.isEphemeral(containerId);
  }

  getMount(containerId: string): ContainerMount | undefined {
    return this.#mounts.get(containerId);
  }

  async mount(containerId: string): Promise<string> {
    await this.#mapping?.open();
    return this.#mounts.mount(containerId);
  }

  async borrowMount(containerId: string): Promise<{ rootfs: string } & Disposable> {
    await this.#mapping?.open();
    return this.#mounts.borrow(containerId);
  }

  async unmount(containerId: string): Promise<void> {
    this.#mounts.unmount(containerId);
  }

  async removeMount(containerId: string): Promise<void> {
    using _held = await this.#locks.acquire(`mount ${containerId}`);
    await this.#mounts.remove(containerId);
    const parent = this.#mountHolds.take(containerId);
    if (parent !== undefined) await this.release(parent);
  }

  mountView(chainId: ChainId, target: string, { mapped }: { mapped: boolean }): void {
    const mapping = mapped ? this.#mapping : undefined;
    mountView(this.#layout, this.#layers.require(chainId).directory, { target, mapping });
  }

  async mountSize(containerId: string): Promise<number> {
    return await this.#mounts.size(containerId);
  }

  chainSize(chainId: ChainId): number {
    return this.#layers.chain(chainId).reduce((sum, { layer }) => sum + layer.size, 0);
  }

  graphData(chainId: ChainId): GraphData {
    const [top, ...below] = this.#layers.diffs(chainId);
    const path = join(top ?? '', '..');
    const data: GraphData = {
      MergedDir: join(path, 'merged'),
      UpperDir: join(path, 'diff'),
      WorkDir: join(path, 'work'),
    };
    return below.length === 0 ? data : { LowerDir: below.join(':'), ...data };
  }

  writeBack(): void {
    this.#durability.writeBack();
  }

  async sync(): Promise<void> {
    await this.#durability.sync();
  }

  /** The disk thread, for others of this room. */
  get disk(): DiskThread {
    return this.#disk;
  }

  /** The threads that work with tars, for others of this room. */
  get workers(): ExportPool {
    return this.#tars.pool;
  }

  /** True while a layer is not known to be durable. */
  get unsynced(): boolean {
    return this.#durability.pending;
  }

  /** Something beside the layers was written that belongs to their batch: calls `done` when that is durable. */
  afterSync(done: () => void): void {
    this.#durability.afterSync(done);
  }

  /**
   * Removes layers of ours that a crash left without image or container, once they are an hour old: a pull may go on
   * from the younger ones. To be called when images and containers have taken their holds.
   */
  collectLeftovers(): void {
    this.#leftovers = this.#removeLeftovers().catch((error: unknown) => {
      this.#log.warn('layers that nobody needs stay', { error: messageOf(error) });
    });
    this.#leftoverTimer = setTimeout(() => this.collectLeftovers(), LEFTOVER_MS);
    this.#leftoverTimer.unref();
  }

  /** Makes what is pending durable and ends the threads. */
  async close(): Promise<void> {
    clearTimeout(this.#leftoverTimer);
    await this.#leftovers;
    await this.#cleanup;
    this.#stager.close();
    this.#tars.close();
    await this.#mapping?.close();
    await this.#durability.close();
    await this.#sweeper.close();
    this.#disk.close();
  }

  async #place(staged: StagedLayer, parent: ChainId | undefined, chainId: ChainId): Promise<Layer> {
    const diffs = parent === undefined ? [] : this.#layers.diffs(parent);
    const layer: Layer = { chainId, diffId: staged.diffId, cacheId: newId(), size: staged.size };
    if (parent !== undefined) layer.parent = parent;
    this.#durability.begin(chainId);
    try {
      await this.#join(staged, diffs);
      // Race: the parent may have been removed during the join.
      const below = parent === undefined ? undefined : this.#layers.require(parent);
      const directory = placeLayer(this.#layout, layer, staged, below?.directory);
      this.#layers.add(layer, directory);
      this.#stager.kept.forget(staged.directory);
      for (let more = this.#mountHolds.arrived(chainId); more > 0; more--) this.retain(chainId);
      this.#durability.note(chainId);
    } catch (error) {
      this.#durability.forget(chainId);
      await this.discard(staged);
      throw error;
    }
    this.origins.learn(staged.diffId, staged.digest, staged.repository);
    return layer;
  }

  async #heal(existing: HeldLayer, staged: StagedLayer): Promise<Layer> {
    const { layer } = existing;
    existing.holds++;
    try {
      await this.#join(staged, layer.parent === undefined ? [] : this.#layers.diffs(layer.parent));
      this.#durability.begin(layer.chainId);
      healLayer(this.#layout, layer, staged);
      this.#durability.note(layer.chainId);
      this.#mounts.forget(layer.chainId);
      existing.damaged = false;
      this.#log.info('damaged layer healed', { chainId: layer.chainId });
    } finally {
      existing.holds--;
      await this.discard(staged);
    }
    return layer;
  }

  #noteDamage(chainId: ChainId, why: string): void {
    const held = this.#layers.get(chainId);
    if (!held || held.damaged) return;
    held.damaged = true;
    this.#log.warn('layer is damaged: pull its image again', { chainId, why });
  }

  #sourceOf(chainId: ChainId): LayerSource {
    const { layer } = this.#layers.require(chainId);
    return {
      diff: join(this.#layout.overlay, layer.cacheId, 'diff'),
      tarSplit: join(layerRecordPath(this.#layout, chainId), 'tar-split.json.gz'),
      diffId: layer.diffId,
    };
  }

  /** On this thread if it is a matter of a few looks, as for nearly all layers; files are copied elsewhere. */
  async #join({ directory }: StagedLayer, below: string[]): Promise<void> {
    if (isQuickJoin(directory, below.length)) joinLayer(directory, below);
    else await this.#disk.call('join', { directory, below });
  }

  /** Gives a layer that another request staged a directory of its own: from the other's, if that is in its place. */
  async #own(staged: StagedLayer): Promise<StagedLayer> {
    const request = this.#stager.askedAgain(staged);
    if (!request) return staged;
    const isSame = ({ layer, damaged }: HeldLayer) => layer.diffId === staged.diffId && !damaged;
    const placed = this.#layers.all().find(isSame);
    if (!placed) return await this.#stager.stage(request);
    const { diffId, digest, repository } = staged;
    placed.holds++;
    try {
      const source = this.#tars.read(placed.layer.chainId, request.signal ? { signal: request.signal } : {});
      const copy = await this.#stager.stage({ mediaType: '', diffId, source });
      return { ...copy, digest, ...(repository === undefined ? {} : { repository }) };
    } finally {
      placed.holds--;
    }
  }

  /** Keeps `existing` while a second one of it is removed, which may take seconds. */
  async #discardBeside(existing: HeldLayer, staged: StagedLayer): Promise<void> {
    existing.holds++;
    try {
      await this.discard(staged);
    } finally {
      existing.holds--;
    }
  }

  async #removeLeftovers(): Promise<void> {
    const now = Date.now();
    await this.#stager.kept.expire(now);
    // The uppermost first: each takes its hold from the one below it, which may then be a leftover too.
    for (const { layer, holds } of this.#layers.all().reverse()) {
      if (holds > 0 || !isLeftover(this.#layout, layer, now)) continue;
      const removed = await this.release(layer.chainId);
      this.#log.info('removed layers that nobody needs', { removed });
    }
  }

  #load(): void {
    const lost = new Set<ChainId>();
    for (const { layer, unsynced } of loadLayers(this.#layout, this.#log)) {
      const { chainId, parent } = layer;
      if ((unsynced && !this.#durability.survived(chainId)) || (parent !== undefined && lost.has(parent))) {
        this.#log.warn('layer dropped: the machine went down before it was written to disk', { chainId });
        lost.add(chainId);
        unrecordLayer(this.#layout, layer).finish();
        continue;
      }
      try {
        const below = parent === undefined ? undefined : this.#layers.require(parent).directory;
        const { directory, repaired } = checkedDirectory(this.#layout, layer.cacheId, below);
        if (repaired) this.#log.warn('links of a layer written anew', { chainId });
        this.#layers.add(layer, directory);
        if (unsynced) this.#durability.note(chainId);
      } catch (error) {
        this.#log.warn('layer skipped', { chainId, reason: messageOf(error) });
      }
    }
  }

  async #remove({ layer }: HeldLayer): Promise<void> {
    this.#mounts.forget(layer.chainId);
    this.#durability.forget(layer.chainId);
    unrecordLayer(this.#layout, layer).finish();
    this.#sweeper.sweep(join(this.#layout.staging, `gone-${layer.cacheId}`));
  }
}
