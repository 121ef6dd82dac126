import { join } from 'node:path';
import { KeyedLock, type Logger, messageOf } from '../../base/mod.ts';
import { type ChainId, type DiffId, type Digest, isDigest } from '../../spec/digest.ts';
import { type Layout, layerRecordPath } from '../layout.ts';
import { type BlobOrigins, FileBlobOrigins } from './blob-origins.ts';
import { DiskThread } from './disk-thread.ts';
import { Durability } from './durability.ts';
import type { ExportPool } from './export/export-pool.ts';
import type { LayerSource } from './export/layer-tar.ts';
import type { LayerTars } from './export/layer-tars.ts';
import { ThreadLayerTars } from './export/thread-layer-tars.ts';
import { type HeldLayer, HeldLayers } from './held-layers.ts';
import { LayerCommits } from './layer-commits.ts';
import { digestFile, emptyStaging, recoverLayers, unrecordLayer } from './layer-db.ts';
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
import { loadHeldLayers } from './load-held-layers.ts';
import { ContainerMounts } from './mounts/container-mounts.ts';
import type { MappedLower } from './mounts/mapped-lower.ts';
import { MountHolds } from './mounts/mount-holds.ts';
import { mountView } from './mounts/mount-view.ts';
import { readOptional } from './overlay-directory.ts';
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
  readonly #commits: LayerCommits;
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
    this.#commits = new LayerCommits({
      ...{ layout, log, layers: this.#layers, stager: this.#stager, disk: this.#disk },
      ...{ durability: this.#durability, origins: this.origins, store: this },
      placed: (id) => {
        for (let more = this.#mountHolds.arrived(id); more > 0; more--) this.retain(id);
      },
      healed: (id) => this.#mounts.forget(id),
    });
    recoverLayers(layout, log);
    loadHeldLayers(layout, this.#layers, this.#durability, log);
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
    return await this.#commits.commit(staged, parent);
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
    await this.#commits.discard(staged);
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

  async #remove({ layer }: HeldLayer): Promise<void> {
    this.#mounts.forget(layer.chainId);
    this.#durability.forget(layer.chainId);
    unrecordLayer(this.#layout, layer).finish();
    this.#sweeper.sweep(join(this.#layout.staging, `gone-${layer.cacheId}`));
  }
}
