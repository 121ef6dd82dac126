import { renameSync } from 'node:fs';
import { KeyedLock, type Logger, messageOf } from '../../base/mod.ts';
import { type ImageId, isDigest } from '../../spec/digest.ts';
import { atomicWrite, atomicWriteDurably } from '../../sys/mod.ts';
import { readOptional } from '../layers/overlay-directory.ts';
import { repositoryOf, toCanonical, toFamiliar } from './familiar-name.ts';

interface RepositoriesFile {
  Repositories: Record<string, Record<string, string>>;
}

/** The names of images: `repositories.json`, in memory and on disk the same after each call. */
export class Repositories {
  readonly #path: string;
  readonly #ids = new Map<string, ImageId>();
  readonly #names = new Map<ImageId, Set<string>>();
  readonly #lock = new KeyedLock();

  /** A file that cannot be read is put aside and reported: the images are still there by their ids. */
  constructor(path: string, log: Logger) {
    this.#path = path;
    try {
      const file = JSON.parse(readOptional(path) ?? '{}') as Partial<RepositoriesFile>;
      for (const names of Object.values(file.Repositories ?? {})) {
        for (const [name, id] of Object.entries(names))
          if (isDigest(id)) this.#put(toCanonical(name), id as ImageId);
      }
    } catch (error) {
      log.error('repositories.json cannot be read: put aside', { path, error: messageOf(error) });
      renameSync(path, `${path}.corrupt`);
    }
  }

  lookup(name: string): ImageId | undefined {
    return this.#ids.get(name);
  }

  namesOf(id: ImageId): string[] {
    return [...(this.#names.get(id) ?? [])].sort();
  }

  all(): { name: string; id: ImageId }[] {
    return [...this.#ids].map(([name, id]) => ({ name, id }));
  }

  /** Points `name` at `id`. `batch`: a sync of everything follows, so this need not wait for the disk. */
  async set(name: string, id: ImageId, batch: boolean): Promise<void> {
    this.#drop(name);
    this.#put(name, id);
    await this.#save(batch);
  }

  async remove(name: string, batch: boolean): Promise<boolean> {
    if (!this.#drop(name)) return false;
    await this.#save(batch);
    return true;
  }

  #put(name: string, id: ImageId): void {
    this.#ids.set(name, id);
    const names = this.#names.get(id) ?? new Set();
    this.#names.set(id, names.add(name));
  }

  #drop(name: string): boolean {
    const id = this.#ids.get(name);
    if (id === undefined) return false;
    this.#ids.delete(name);
    const names = this.#names.get(id);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(id);
    return true;
  }

  async #save(batch: boolean): Promise<void> {
    using _turn = await this.#lock.acquire('file');
    const repositories: Record<string, Record<string, string>> = {};
    for (const [name, id] of [...this.#ids].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const familiar = toFamiliar(name);
      const repository = repositoryOf(familiar);
      repositories[repository] = { ...repositories[repository], [familiar]: id };
    }
    const content = JSON.stringify({ Repositories: repositories } satisfies RepositoriesFile);
    if (batch) atomicWrite(this.#path, content);
    else await atomicWriteDurably(this.#path, content);
  }
}
