import { join } from 'node:path';
import { EngineError } from '../../base/mod.ts';
import type { ChainId } from '../../spec/digest.ts';
import type { Layer } from './layer-store.ts';
import type { OverlayDirectory } from './overlay-directory.ts';

export interface HeldLayer {
  layer: Layer;
  directory: OverlayDirectory;
  /** Images and containers that need it, and layers directly above it. */
  holds: number;
  /** Its files are not what they were; the next pull replaces them. */
  damaged: boolean;
}

/** The committed layers in memory, and how many need each. */
export class HeldLayers {
  readonly #overlay: string;
  readonly #layers = new Map<ChainId, HeldLayer>();

  /** `overlay` is the directory in which the layers' own are. */
  constructor(overlay: string) {
    this.#overlay = overlay;
  }

  get(chainId: ChainId): HeldLayer | undefined {
    return this.#layers.get(chainId);
  }

  all(): HeldLayer[] {
    return [...this.#layers.values()];
  }

  /** Throws `not-found`: a client that knows the image's name pulls it again. */
  require(chainId: ChainId): HeldLayer {
    const held = this.#layers.get(chainId);
    if (!held) throw new EngineError('not-found', 'layer does not exist');
    return held;
  }

  add(layer: Layer, directory: OverlayDirectory): void {
    this.#layers.set(layer.chainId, { layer, directory, holds: 0, damaged: false });
    const below = layer.parent === undefined ? undefined : this.#layers.get(layer.parent);
    if (below) below.holds++;
  }

  /** Drops one hold. Gives the layer, which is no longer known here, if that was the last. */
  drop(chainId: ChainId): HeldLayer | undefined {
    const held = this.#layers.get(chainId);
    if (!held) return undefined;
    held.holds = Math.max(0, held.holds - 1);
    if (held.holds > 0) return undefined;
    this.#layers.delete(chainId);
    return held;
  }

  /** Drops one hold; the layer stays. */
  letGo(chainId: ChainId): void {
    const held = this.#layers.get(chainId);
    if (held) held.holds = Math.max(0, held.holds - 1);
  }

  /** The layer and all below it, the uppermost first; ends where one is missing. */
  chain(chainId: ChainId): HeldLayer[] {
    const chain: HeldLayer[] = [];
    for (let at: ChainId | undefined = chainId; at; at = chain.at(-1)?.layer.parent) {
      const held = this.#layers.get(at);
      if (!held) break;
      chain.push(held);
    }
    return chain;
  }

  /** `diff` directories of the layer and all below it, the uppermost first. */
  diffs(chainId: ChainId): string[] {
    this.require(chainId);
    return this.chain(chainId).map(({ layer }) => join(this.#overlay, layer.cacheId, 'diff'));
  }
}
