import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { KeyedLock, type Logger, messageOf } from '../../base/mod.ts';
import { type ImageId, isDigest } from '../../spec/digest.ts';
import { atomicWrite, atomicWriteDurably } from '../../sys/mod.ts';
import { readOptional } from '../layers/overlay-directory.ts';
import { repositoryOf, toCanonical, toFamiliar } from './familiar-name.ts';

interface RepositoriesFile {
  Repositories: Record<string, Record<string, string>>;
}

/** Writes that are made durable together, a little later. */
export interface Batch {
  /** False: nothing is to be synced, so each write has to care for itself. */
  isOpen(): boolean;
  /** Calls `done` when all that is written now is durable. */
  afterSync(done: () => void): void;
}

/** The names of images: `repositories.json`, in memory and on disk the same after each call. */
export class Repositories {
  readonly #path: string;
  /** Link to the last version that is known to be on the disk. */
  readonly #durablePath: string;
  readonly #batch: Batch;
  #isDurable: boolean;
  #version = 0;
  readonly #ids = new Map<string, ImageId>();
  readonly #names = new Map<ImageId, Set<string>>();
  readonly #lock = new KeyedLock();

  /** A file that cannot be read is put aside and reported, and the version before it taken. */
  constructor(path: string, batch: Batch, log: Logger) {
    this.#path = path;
    this.#durablePath = `${path}.minke-durable`;
    this.#batch = batch;
    this.#isDurable = !batch.isOpen();
    try {
      this.#load(path);
    } catch (error) {
      log.warn('repositories.json cannot be read: put aside', { path, error: messageOf(error) });
      renameSync(path, `${path}.corrupt`);
      this.#loadDurable(log);
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

  /** Points `name` at `id`. Throws if that cannot be written; the name is then what it was. */
  async set(name: string, id: ImageId): Promise<void> {
    const before = this.#drop(name);
    this.#put(name, id);
    await this.#saveOr(() => {
      if (this.#ids.get(name) !== id) return;
      this.#drop(name);
      if (before !== undefined) this.#put(name, before);
    });
  }

  async remove(name: string): Promise<boolean> {
    const id = this.#drop(name);
    if (id === undefined) return false;
    await this.#saveOr(() => {
      if (!this.#ids.has(name)) this.#put(name, id);
    });
    return true;
  }

  #put(name: string, id: ImageId): void {
    this.#ids.set(name, id);
    const names = this.#names.get(id) ?? new Set();
    this.#names.set(id, names.add(name));
  }

  /** Gives what the name pointed at. */
  #drop(name: string): ImageId | undefined {
    const id = this.#ids.get(name);
    if (id === undefined) return undefined;
    this.#ids.delete(name);
    const names = this.#names.get(id);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(id);
    return id;
  }

  #load(path: string): void {
    const file = JSON.parse(readOptional(path) ?? '{}') as Partial<RepositoriesFile>;
    for (const names of Object.values(file.Repositories ?? {})) {
      for (const [name, id] of Object.entries(names))
        if (isDigest(id)) this.#put(toCanonical(name), id as ImageId);
    }
  }

  #loadDurable(log: Logger): void {
    try {
      this.#load(this.#durablePath);
    } catch (error) {
      log.error('nor can its last durable version', { error: messageOf(error) });
    }
  }

  async #saveOr(undo: () => void): Promise<void> {
    try {
      await this.#save();
    } catch (error) {
      undo();
      throw error;
    }
  }

  async #save(): Promise<void> {
    using _turn = await this.#lock.acquire('file');
    const repositories: RepositoriesFile['Repositories'] = {};
    for (const [name, id] of [...this.#ids].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const familiar = toFamiliar(name);
      const repository = repositoryOf(familiar);
      repositories[repository] ??= {};
      repositories[repository][familiar] = id;
    }
    const content = JSON.stringify({ Repositories: repositories } satisfies RepositoriesFile);
    const version = ++this.#version;
    if (!this.#batch.isOpen()) {
      await atomicWriteDurably(this.#path, content);
      this.#isDurable = true;
      return;
    }
    // Crash: some filesystems (XFS) show a file that was renamed over another and not synced as empty afterwards.
    if (this.#isDurable && existsSync(this.#path)) {
      rmSync(this.#durablePath, { force: true });
      linkSync(this.#path, this.#durablePath);
    }
    this.#isDurable = false;
    atomicWrite(this.#path, content);
    this.#batch.afterSync(() => {
      if (this.#version === version) this.#isDurable = true;
    });
  }
}
