import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageId, isDigest } from '../../spec/digest.ts';
import { atomicWrite } from '../../sys/mod.ts';
import { digestFile } from '../layers/layer-db.ts';
import { readOptional } from '../layers/overlay-directory.ts';

/**
 * Which image an image was made from on this machine, by a build or a commit: `imagedb/metadata/…/parent`. What was
 * pulled has none. Compat: the config's own `parent` says nothing, as in moby `image/store.go`.
 */
export class Parents {
  readonly #metadata: string;
  readonly #parents = new Map<ImageId, ImageId>();
  readonly #children = new Map<ImageId, Set<ImageId>>();

  /** `metadata` is the directory with one directory for each image. */
  constructor(metadata: string) {
    this.#metadata = metadata;
  }

  /** Reads what is written down about an image. */
  load(id: ImageId): void {
    const parent = readOptional(this.#file(id))?.trim();
    if (parent && isDigest(parent)) this.#note(id, parent as ImageId);
  }

  of(id: ImageId): ImageId | undefined {
    return this.#parents.get(id);
  }

  childrenOf(id: ImageId): ImageId[] {
    return [...(this.#children.get(id) ?? [])];
  }

  /** Atomic. */
  set(id: ImageId, parent: ImageId): void {
    const file = this.#file(id);
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    atomicWrite(file, parent);
    this.#drop(id);
    this.#note(id, parent);
  }

  /** The image is gone: its children have no parent any more. */
  forget(id: ImageId): void {
    for (const child of this.childrenOf(id)) {
      rmSync(this.#file(child), { force: true });
      this.#parents.delete(child);
    }
    this.#children.delete(id);
    this.#drop(id);
  }

  #note(id: ImageId, parent: ImageId): void {
    this.#parents.set(id, parent);
    const children = this.#children.get(parent) ?? new Set();
    this.#children.set(parent, children.add(id));
  }

  #drop(id: ImageId): void {
    const parent = this.#parents.get(id);
    if (parent === undefined) return;
    this.#parents.delete(id);
    this.#children.get(parent)?.delete(id);
  }

  #file(id: ImageId): string {
    return join(digestFile(this.#metadata, id), 'parent');
  }
}
