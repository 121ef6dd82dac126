import { KeyedLock, type Logger, newId } from '../../base/mod.ts';
import { chainIdOf } from '../../spec/chain-id.ts';
import type { ChainId } from '../../spec/digest.ts';
import { removeTreeAsync } from '../../sys/mod.ts';
import type { Layout } from '../layout.ts';
import type { BlobOrigins } from './blob-origins.ts';
import type { DiskThread } from './disk-thread.ts';
import type { Durability } from './durability.ts';
import { healLayer } from './heal-layer.ts';
import type { HeldLayer, HeldLayers } from './held-layers.ts';
import { isQuickJoin, joinLayer } from './join.ts';
import type { Layer, StagedLayer } from './layer-store.ts';
import { placeLayer } from './place-layer.ts';
import { type Restaging, restageLayer } from './restage-layer.ts';
import type { Stager } from './stage/stager.ts';

/** What committing works with. */
export interface CommitParts {
  layout: Layout;
  log: Logger;
  layers: HeldLayers;
  stager: Stager;
  disk: DiskThread;
  durability: Durability;
  origins: BlobOrigins;
  store: Restaging;
  /** A layer is in its place: whoever waited for it takes its holds. */
  placed(chainId: ChainId): void;
  /** A layer has other files than before. */
  healed(chainId: ChainId): void;
}

/** How a staged layer gets its place, or is what a damaged one is healed with. See `LayerStore.commit`. */
export class LayerCommits {
  readonly #parts: CommitParts;
  readonly #locks = new KeyedLock();

  constructor(parts: CommitParts) {
    this.#parts = parts;
  }

  async commit(staged: StagedLayer, parent: ChainId | undefined): Promise<Layer> {
    const chainId = chainIdOf(parent, staged.diffId);
    using _held = await this.#locks.acquire(chainId);
    const existing = this.#parts.layers.get(chainId);
    if (existing?.damaged) return await this.#heal(existing, await this.#own(staged));
    if (existing) {
      await this.#discardBeside(existing, staged);
      return existing.layer;
    }
    // Where another request was first, it may have given the layer up, or have put it above another parent.
    return await this.#place(await this.#own(staged), parent, chainId);
  }

  async discard(staged: StagedLayer): Promise<void> {
    if (staged.directory === '') return;
    await removeTreeAsync(staged.directory);
    this.#parts.stager.kept.forget(staged.directory);
  }

  async #place(staged: StagedLayer, parent: ChainId | undefined, chainId: ChainId): Promise<Layer> {
    const { layout, layers, stager, durability, origins, placed } = this.#parts;
    const diffs = parent === undefined ? [] : layers.diffs(parent);
    const layer: Layer = { chainId, diffId: staged.diffId, cacheId: newId(), size: staged.size };
    if (parent !== undefined) layer.parent = parent;
    durability.begin(chainId);
    try {
      await this.#join(staged, diffs);
      // Race: the parent may have been removed during the join.
      const below = parent === undefined ? undefined : layers.require(parent);
      const directory = placeLayer(layout, layer, staged, below?.directory);
      layers.add(layer, directory);
      stager.kept.forget(staged.directory);
      placed(chainId);
      durability.note(chainId);
    } catch (error) {
      durability.forget(chainId);
      await this.discard(staged);
      throw error;
    }
    origins.learn(staged.diffId, staged.digest, staged.repository);
    return layer;
  }

  async #heal(existing: HeldLayer, staged: StagedLayer): Promise<Layer> {
    const { layout, log, layers, durability, healed } = this.#parts;
    const { layer } = existing;
    existing.holds++;
    try {
      await this.#join(staged, layer.parent === undefined ? [] : layers.diffs(layer.parent));
      durability.begin(layer.chainId);
      healLayer(layout, layer, staged);
      durability.note(layer.chainId);
      healed(layer.chainId);
      existing.damaged = false;
      log.info('damaged layer healed', { chainId: layer.chainId });
    } finally {
      existing.holds--;
      await this.discard(staged);
    }
    return layer;
  }

  /** On this thread if it is a matter of a few looks, as for nearly all layers; files are copied elsewhere. */
  async #join({ directory }: StagedLayer, below: string[]): Promise<void> {
    if (isQuickJoin(directory, below.length)) joinLayer(directory, below);
    else await this.#parts.disk.call('join', { directory, below });
  }

  /** Gives a layer that another request staged a directory of its own: from the other's, if that is in its place. */
  async #own(staged: StagedLayer): Promise<StagedLayer> {
    const { layers, stager, store } = this.#parts;
    const request = stager.askedAgain(staged);
    if (!request) return staged;
    const { diffId, digest, repository } = staged;
    const isSame = ({ layer, damaged }: HeldLayer) => layer.diffId === diffId && !damaged;
    const placed = layers.all().find(isSame);
    if (!placed) return await stager.stage(request);
    const copy = await restageLayer(store, placed.layer, request.signal ? { signal: request.signal } : {});
    return { ...copy, digest, ...(repository === undefined ? {} : { repository }) };
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
}
