import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EngineError, KeyedLock, type Logger, messageOf, newId } from '../../base/mod.ts';
import { type ChainId, type DiffId, type Digest, isDigest } from '../../spec/digest.ts';
import { atomicWrite, removeTreeAsync } from '../../sys/mod.ts';
import type { Layout } from '../layout.ts';
import { DiskThread } from './disk-thread.ts';
import { addOrigin } from './distribution.ts';
import { Durability } from './durability.ts';
import { joinLayer, readJoin } from './join.ts';
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
import { ContainerMounts } from './mounts/container-mounts.ts';
import { type OverlayDirectory, readDirectory, readOptional } from './overlay-directory.ts';
import { placeLayer } from './place-layer.ts';
import { StagePool } from './stage/stage-pool.ts';

/** Looks into layers that take a millisecond or two. */
const JOIN_LOOKS = 256;

interface Held {
  layer: Layer;
  directory: OverlayDirectory;
  /** Images and containers that need it, and layers directly above it. */
  holds: number;
}

/** Layers as Docker's overlay2 driver keeps them; see `LayerStore`. Open one for each data-root. */
export class OverlayLayers implements LayerStore {
  readonly #layout: Layout;
  readonly #log: Logger;
  readonly #layers = new Map<ChainId, Held>();
  readonly #disk = new DiskThread();
  readonly #pool: StagePool;
  readonly #durability: Durability;
  readonly #mounts: ContainerMounts;
  readonly #locks = new KeyedLock();
  readonly #cleanup: Promise<void>;
  /** By digest and diffID: a second request waits for the first. */
  readonly #staging = new Map<string, Promise<StagedLayer>>();
  /** What second requests got: they have no directory, and are staged only if the first's layer is not theirs. */
  readonly #again = new WeakMap<StagedLayer, StageRequest>();

  /** Reads what is there, undoes what a crash left half done, drops layers that a power cut may have damaged. */
  constructor(layout: Layout, log: Logger) {
    this.#layout = layout;
    this.#log = log;
    this.#pool = new StagePool(log);
    this.#durability = new Durability(layout, this.#disk, log);
    this.#mounts = new ContainerMounts(
      layout,
      { directory: (id) => this.#layers.get(id)?.directory, diffs: (id) => this.#diffs(id) },
      this.#disk,
      log,
    );
    recoverLayers(layout, log);
    this.#load();
    this.#cleanup = emptyStaging(layout).catch((error: unknown) => {
      log.warn('leftovers of layers stay', { error: messageOf(error) });
    });
    for (const containerId of this.#mounts.list()) {
      const parent = this.#mounts.get(containerId)?.parent;
      if (parent && this.#layers.has(parent)) this.retain(parent);
    }
  }

  get(chainId: ChainId): Layer | undefined {
    return this.#layers.get(chainId)?.layer;
  }

  list(): Layer[] {
    return [...this.#layers.values()].map(({ layer }) => layer);
  }

  async stage(request: StageRequest): Promise<StagedLayer> {
    if (request.digest === undefined) return await this.#stage(request);
    const key = `${request.digest} ${request.diffId ?? ''}`;
    for (let running = this.#staging.get(key); running; running = this.#staging.get(key)) {
      const first = await running.catch(() => undefined);
      if (request.signal?.aborted) throw new EngineError('cancelled', 'context canceled');
      if (!first) continue;
      const again: StagedLayer = { ...first, directory: '' };
      this.#again.set(again, request);
      request.onDownloaded?.(request.size ?? 0);
      return again;
    }
    const work = this.#stage(request);
    this.#staging.set(key, work);
    try {
      return await work;
    } finally {
      this.#staging.delete(key);
    }
  }

  async commit(staged: StagedLayer, parent: ChainId | undefined): Promise<Layer> {
    const chainId = chainIdOf(parent, staged.diffId);
    using _held = await this.#locks.acquire(chainId);
    const existing = this.#layers.get(chainId);
    if (existing) {
      await this.discard(staged);
      return existing.layer;
    }
    const again = this.#again.get(staged);
    // The one who staged it first has given it up, or has put it above another parent.
    if (again) return await this.#place(await this.#stage(again), parent, chainId);
    return await this.#place(staged, parent, chainId);
  }

  async discard(staged: StagedLayer): Promise<void> {
    if (staged.directory !== '') await removeTreeAsync(staged.directory);
  }

  diffIdOf(digest: Digest): DiffId | undefined {
    const diffId = readOptional(digestFile(this.#layout.diffIdByDigest, digest))?.trim();
    return diffId && isDigest(diffId) ? (diffId as DiffId) : undefined;
  }

  retain(chainId: ChainId): void {
    this.#require(chainId).holds++;
  }

  async release(chainId: ChainId): Promise<ChainId[]> {
    const removed: ChainId[] = [];
    for (let at: ChainId | undefined = chainId; at; ) {
      const held = this.#layers.get(at);
      if (!held) break;
      held.holds = Math.max(0, held.holds - 1);
      if (held.holds > 0) break;
      await this.#remove(held);
      removed.push(at);
      at = held.layer.parent;
    }
    return removed;
  }

  async createMount(
    containerId: string,
    parent: ChainId | undefined,
    options: MountOptions = {},
  ): Promise<ContainerMount> {
    if (parent !== undefined) this.retain(parent);
    try {
      return this.#mounts.create(containerId, parent, options);
    } catch (error) {
      if (parent !== undefined) await this.release(parent);
      throw error;
    }
  }

  getMount(containerId: string): ContainerMount | undefined {
    return this.#mounts.get(containerId);
  }

  async mount(containerId: string): Promise<string> {
    return this.#mounts.mount(containerId);
  }

  async unmount(containerId: string): Promise<void> {
    this.#mounts.unmount(containerId);
  }

  async removeMount(containerId: string): Promise<void> {
    using _held = await this.#locks.acquire(`mount ${containerId}`);
    const parent = this.#mounts.get(containerId)?.parent;
    await this.#mounts.remove(containerId);
    if (parent !== undefined) await this.release(parent);
  }

  async mountSize(containerId: string): Promise<number> {
    return await this.#mounts.size(containerId);
  }

  chainSize(chainId: ChainId): number {
    return this.#chain(chainId).reduce((sum, { layer }) => sum + layer.size, 0);
  }

  graphData(chainId: ChainId): GraphData {
    const [top, ...below] = this.#diffs(chainId);
    const path = join(top ?? '', '..');
    const data: GraphData = {
      MergedDir: join(path, 'merged'),
      UpperDir: join(path, 'diff'),
      WorkDir: join(path, 'work'),
    };
    return below.length === 0 ? data : { LowerDir: below.join(':'), ...data };
  }

  async sync(): Promise<void> {
    await this.#durability.sync();
  }

  /** The disk thread, for others of this room. */
  get disk(): DiskThread {
    return this.#disk;
  }

  /** True while a layer is not known to be durable. */
  get unsynced(): boolean {
    return this.#durability.pending;
  }

  /** Something beside the layers was written that belongs to their batch. */
  syncSoon(): void {
    this.#durability.soon();
  }

  /** Makes what is pending durable and ends the threads. */
  async close(): Promise<void> {
    await this.#cleanup;
    this.#durability.close();
    this.#pool.close();
    if (this.#durability.pending) await this.#durability.sync().catch(() => {});
    this.#disk.close();
  }

  async #place(staged: StagedLayer, parent: ChainId | undefined, chainId: ChainId): Promise<Layer> {
    const diffs = parent === undefined ? [] : this.#diffs(parent);
    const layer: Layer = { chainId, diffId: staged.diffId, cacheId: newId(), size: staged.size };
    if (parent !== undefined) layer.parent = parent;
    this.#durability.begin(chainId);
    try {
      await this.#join(staged, diffs);
      // Race: the parent may have been removed during the join.
      const below = parent === undefined ? undefined : this.#require(parent);
      const directory = placeLayer(this.#layout, layer, staged, below?.directory);
      this.#add({ layer, directory, holds: 0 });
    } catch (error) {
      this.#durability.forget(chainId);
      await this.discard(staged);
      throw error;
    }
    atomicWrite(digestFile(this.#layout.diffIdByDigest, staged.digest), staged.diffId, { mode: 0o644 });
    addOrigin(this.#layout, staged);
    return layer;
  }

  /** On this thread if it is a matter of a few looks, as for nearly all layers; files are copied elsewhere. */
  async #join({ directory }: StagedLayer, below: string[]): Promise<void> {
    const { implied, links } = readJoin(directory);
    if (links.length === 0 && implied.length * below.length <= JOIN_LOOKS) joinLayer(directory, below);
    else await this.#disk.call('join', { directory, below });
  }

  async #stage(request: StageRequest): Promise<StagedLayer> {
    const directory = join(this.#layout.staging, newId());
    const { digest, diffId, size, source, onDownloaded, onExtracted, signal } = request;
    const result = await this.#pool.run(
      { directory, digest, diffId, size },
      { bytes: source, onDownloaded, onExtracted, signal },
    );
    if (signal?.aborted) {
      await removeTreeAsync(directory);
      throw new EngineError('cancelled', 'context canceled');
    }
    const staged: StagedLayer = { ...result, directory };
    if (request.repository !== undefined) staged.repository = request.repository;
    return staged;
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
        if (parent !== undefined) this.#require(parent);
        this.#add({ layer, directory: readDirectory(this.#layout, layer.cacheId), holds: 0 });
        if (unsynced) this.#durability.note(chainId);
      } catch (error) {
        this.#log.warn('layer skipped', { chainId, reason: messageOf(error) });
      }
    }
  }

  #add(held: Held): void {
    const { parent, chainId } = held.layer;
    this.#layers.set(chainId, held);
    const below = parent === undefined ? undefined : this.#layers.get(parent);
    if (below) below.holds++;
  }

  async #remove({ layer }: Held): Promise<void> {
    this.#layers.delete(layer.chainId);
    this.#mounts.forget(layer.chainId);
    this.#durability.forget(layer.chainId);
    unrecordLayer(this.#layout, layer).finish();
    await removeTreeAsync(join(this.#layout.staging, `gone-${layer.cacheId}`));
  }

  #require(chainId: ChainId): Held {
    const held = this.#layers.get(chainId);
    if (!held) throw new EngineError('not-found', 'layer does not exist');
    return held;
  }

  /** The layer and all below it, the uppermost first. */
  #chain(chainId: ChainId): Held[] {
    const chain: Held[] = [];
    for (let at: ChainId | undefined = chainId; at; at = chain.at(-1)?.layer.parent)
      chain.push(this.#require(at));
    return chain;
  }

  #diffs(chainId: ChainId): string[] {
    return this.#chain(chainId).map(({ layer }) => join(this.#layout.overlay, layer.cacheId, 'diff'));
  }
}

/** Spec: OCI image spec, config.md, "Layer ChainID". */
export function chainIdOf(parent: ChainId | undefined, diffId: DiffId): ChainId {
  if (parent === undefined) return diffId as Digest as ChainId;
  return `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}` as ChainId;
}
