import type { ChainId } from '../../../spec/digest.ts';

/**
 * Which container holds which layer. One whose layer was lost (a power cut) holds nothing until the layer is back: it
 * must not give back what it never took, which would be the hold of an image.
 */
export class MountHolds {
  readonly #held = new Map<string, ChainId>();
  readonly #lacking = new Map<string, ChainId>();

  /** `retained`: whether a hold was taken for it. */
  note(containerId: string, chainId: ChainId, retained: boolean): void {
    (retained ? this.#held : this.#lacking).set(containerId, chainId);
  }

  /** A layer is there: gives how many containers have waited for it, each of which takes a hold now. */
  arrived(chainId: ChainId): number {
    const waiting = [...this.#lacking].filter(([, wanted]) => wanted === chainId);
    for (const [containerId] of waiting) {
      this.#lacking.delete(containerId);
      this.#held.set(containerId, chainId);
    }
    return waiting.length;
  }

  /** The container is gone: gives the layer that it held. */
  take(containerId: string): ChainId | undefined {
    const chainId = this.#held.get(containerId);
    this.#held.delete(containerId);
    this.#lacking.delete(containerId);
    return chainId;
  }
}
