/** No configuration or manifest of an image is larger. */
export const MAX_DOCUMENT = 8 << 20;
/** What looks like a layer is kept in memory up to here, for it may be needed twice (an empty layer often is). */
export const SMALL_LAYER = 128 * 1024;

const MAX_TOTAL = 96 << 20;
const MAX_SMALL_LAYERS = 16 << 20;

/** How much of an archive is kept in memory. */
export class DocumentBudget {
  #total = 0;
  #smallLayers = 0;

  /** Takes room for a document of `size` bytes; false if there is none. */
  takeDocument(size: number): boolean {
    if (size > MAX_DOCUMENT || this.#total + size > MAX_TOTAL) return false;
    this.#total += size;
    return true;
  }

  takeSmallLayer(size: number): boolean {
    if (size > SMALL_LAYER || this.#smallLayers + size > MAX_SMALL_LAYERS) return false;
    this.#smallLayers += size;
    return true;
  }
}
