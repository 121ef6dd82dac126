import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, type Logger, messageOf, parseTime } from '../../base/mod.ts';
import { chainIds } from '../../spec/chain-id.ts';
import { type ChainId, hexOf, type ImageId } from '../../spec/digest.ts';
import { digestOf } from '../../spec/digest-of.ts';
import type { ImageConfig } from '../../spec/oci/image.ts';
import { atomicWrite, atomicWriteDurably } from '../../sys/mod.ts';
import { digestFile } from '../layers/layer-db.ts';
import { readOptional } from '../layers/overlay-directory.ts';
import type { OverlayLayers } from '../layers/overlay-layers.ts';
import type { Layout } from '../layout.ts';
import type { ImageStore, StoredImage } from './image-store.ts';
import { Parents } from './parents.ts';
import { Repositories } from './repositories.ts';

/** Images as Docker keeps them: `imagedb` and `repositories.json`; see `ImageStore`. */
export class ImageDb implements ImageStore {
  readonly #layout: Layout;
  readonly #layers: OverlayLayers;
  readonly #images = new Map<ImageId, StoredImage>();
  readonly #repositories: Repositories;
  readonly #parents: Parents;
  /** Images that hold their top layer; others lost it. */
  readonly #holds = new Set<ImageId>();

  /** Reads all images. One whose bytes are not what its id says (a power cut) is left alone and not shown. */
  constructor(layout: Layout, layers: OverlayLayers, log: Logger) {
    this.#layout = layout;
    this.#layers = layers;
    this.#parents = new Parents(layout.imageMetadata);
    for (const hex of readdirSync(layout.imageContent)) {
      if (!/^[0-9a-f]{64}$/.test(hex)) continue;
      try {
        const image = parseImage(readFileSync(join(layout.imageContent, hex)));
        if (hexOf(image.id) !== hex) throw new Error('its content is not what its id says');
        this.#images.set(image.id, image);
        this.#parents.load(image.id);
        if (image.topLayer && layers.get(image.topLayer)) {
          layers.retain(image.topLayer);
          this.#holds.add(image.id);
        } else if (image.topLayer) log.warn('image lacks layers: pull it again', { id: image.id });
      } catch (error) {
        log.warn('image skipped', { id: hex, reason: messageOf(error) });
      }
    }
    this.#repositories = new Repositories(
      layout.repositories,
      { isOpen: () => layers.unsynced, afterSync: (done) => layers.afterSync(done) },
      log,
    );
  }

  get(id: ImageId): StoredImage | undefined {
    return this.#images.get(id);
  }

  list(): StoredImage[] {
    return [...this.#images.values()];
  }

  async put(configBytes: Uint8Array): Promise<StoredImage> {
    const image = parseImage(configBytes);
    const existing = this.#images.get(image.id);
    if (existing && (this.#holds.has(image.id) || !image.topLayer)) return existing;
    if (image.topLayer) {
      this.#layers.retain(image.topLayer);
      this.#holds.add(image.id);
    }
    this.#images.set(image.id, image);
    try {
      await this.#write(digestFile(this.#layout.imageContent, image.id), configBytes);
    } catch (error) {
      this.#images.delete(image.id);
      this.#holds.delete(image.id);
      if (image.topLayer) await this.#layers.release(image.topLayer);
      throw error;
    }
    return image;
  }

  async remove(id: ImageId): Promise<ChainId[]> {
    const image = this.#images.get(id);
    if (!image) return [];
    // Crash: without the content there is no image; layers that nobody needs then go with the next removal.
    this.#images.delete(id);
    rmSync(digestFile(this.#layout.imageContent, id), { force: true });
    this.#parents.forget(id);
    rmSync(digestFile(this.#layout.imageMetadata, id), { recursive: true, force: true });
    if (!image.topLayer || !this.#holds.delete(id)) return [];
    return await this.#layers.release(image.topLayer);
  }

  namesOf(id: ImageId): string[] {
    return this.#repositories.namesOf(id);
  }

  lookup(canonicalName: string): ImageId | undefined {
    const id = this.#repositories.lookup(canonicalName);
    return id !== undefined && this.#images.has(id) ? id : undefined;
  }

  names(): { name: string; id: ImageId }[] {
    return this.#repositories.all().filter(({ id }) => this.#images.has(id));
  }

  async setName(canonicalName: string, id: ImageId): Promise<void> {
    if (!this.#images.has(id)) throw new EngineError('not-found', `image does not exist: ${id}`);
    const metadata = digestFile(this.#layout.imageMetadata, id);
    mkdirSync(metadata, { recursive: true, mode: 0o700 });
    atomicWrite(join(metadata, 'lastUpdated'), new Date().toISOString());
    await this.#repositories.set(canonicalName, id);
  }

  async removeName(canonicalName: string): Promise<boolean> {
    return await this.#repositories.remove(canonicalName);
  }

  parentOf(id: ImageId): ImageId | undefined {
    const parent = this.#parents.of(id);
    return parent !== undefined && this.#images.has(parent) ? parent : undefined;
  }

  childrenOf(id: ImageId): ImageId[] {
    return this.#parents.childrenOf(id).filter((child) => this.#images.has(child));
  }

  async setParent(id: ImageId, parent: ImageId): Promise<void> {
    for (const image of [id, parent]) {
      if (!this.#images.has(image)) throw new EngineError('not-found', `unknown image ID ${image}`);
    }
    this.#parents.set(id, parent);
  }

  lastTagged(id: ImageId): string | undefined {
    const text = readOptional(join(digestFile(this.#layout.imageMetadata, id), 'lastUpdated'))?.trim();
    // Crash: after a power cut the file may be empty, or as long as it was and zero.
    return text && parseTime(text) !== undefined ? text : undefined;
  }

  /** Records of a pull belong to the batch of its layers: they are synced with them, and nobody waits. */
  async #write(path: string, bytes: Uint8Array): Promise<void> {
    if (!this.#layers.unsynced) return await atomicWriteDurably(path, bytes);
    atomicWrite(path, bytes);
    this.#layers.afterSync(() => {});
  }
}

/** Reads a config. Throws `invalid` for what is no image's. */
function parseImage(configBytes: Uint8Array): StoredImage {
  const id = digestOf(configBytes) as ImageId;
  let config: ImageConfig;
  try {
    config = JSON.parse(Buffer.from(configBytes).toString('utf8'));
  } catch (cause) {
    throw new EngineError('invalid', `invalid image JSON: ${messageOf(cause)}`, { cause });
  }
  const diffIds: unknown = config?.rootfs?.diff_ids ?? (config?.rootfs ? [] : undefined);
  if (!Array.isArray(diffIds)) throw new EngineError('invalid', 'invalid image JSON, no RootFS key');
  const topLayer = chainIds(config.rootfs.diff_ids ?? []).at(-1);
  return { id, config, configBytes, topLayer };
}
