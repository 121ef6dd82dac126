import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../../base/mod.ts';
import type { IdMap } from '../../../spec/id-map.ts';
import {
  AT_FDCWD,
  attachMount,
  cloneMount,
  createUserNamespace,
  mapMount,
  openRoot,
  unmount,
} from '../../../sys/mod.ts';

/**
 * Layers as they appear to containers in a user namespace: idmapped mounts of their directories, so that no layer is
 * copied (kernel 5.19). An overlay keeps what it was made of, so they stand for a moment only. Crash: what is left at
 * `<exec-root>/mapped/<number>` is taken away by the next use.
 */
export class MappedLower {
  readonly map: IdMap;
  readonly #directory: string;
  #namespace: Promise<number> | undefined;
  #fd = -1;

  constructor(execRoot: string, map: IdMap) {
    this.#directory = join(execRoot, 'mapped');
    this.map = map;
  }

  /** To be awaited before `using`. */
  async open(): Promise<void> {
    this.#namespace ??= createUserNamespace(this.map).then(({ user }) => user);
    this.#fd = await this.#namespace;
  }

  async close(): Promise<void> {
    if (this.#namespace) closeSync(await this.#namespace);
    this.#namespace = undefined;
  }

  /** Runs `mount` with mapped copies of `lower` (relative to `base`), which are gone afterwards. */
  using(base: string, lower: readonly string[], mount: (base: string, lower: string[]) => void): void {
    const names = lower.map((_, index) => String(index));
    try {
      for (const [index, path] of lower.entries()) this.#attach(join(base, path), String(index));
      mount(this.#directory, names);
    } catch (error) {
      if (this.#fd < 0) throw error;
      throw new EngineError('internal', `mapping the owners of layers: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      for (const name of names) while (unmount(join(this.#directory, name)));
    }
  }

  #attach(source: string, name: string): void {
    const place = join(this.#directory, name);
    mkdirSync(place, { recursive: true, mode: 0o700 });
    while (unmount(place));
    const tree = cloneMount(AT_FDCWD, source, false);
    const target = openRoot(place);
    try {
      mapMount(tree, this.#fd, false);
      attachMount(tree, target);
    } finally {
      closeSync(target);
      closeSync(tree);
    }
  }
}
