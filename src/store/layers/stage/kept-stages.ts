import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Digest, hexOf, isDigest } from '../../../spec/digest.ts';
import { bootId, removeTreeAsync } from '../../../sys/mod.ts';
import type { Layout } from '../../layout.ts';
import type { StagedLayer } from '../layer-store.ts';
import { LEFTOVER_MS } from '../leftovers.ts';
import { readOptional } from '../overlay-directory.ts';

/** In the directory of a layer that is staged whole: what it is. */
export const STAGED = 'staged.json';
/** A blob of less is fetched again. */
const MIN_SPOOL = 256 * 1024;

/**
 * What a pull that did not come to its end leaves for the next one: layers that were whole before those below them, and
 * spools of blobs that were not. Both live on over a SIGKILL; after a power cut, which their
 * files may not have survived, the mark in the exec-root is missing and the layers go. What is old goes too.
 */
export class KeptStages {
  readonly #layout: Layout;
  /** By digest and diffID; nobody has them now. */
  readonly #kept = new Map<string, StagedLayer>();
  readonly #spools = new Set<string>();

  constructor(layout: Layout) {
    this.#layout = layout;
    for (const name of readdirSync(layout.staging)) {
      const staged = this.#read(name);
      if (staged) this.#kept.set(keyOf(staged), staged);
    }
  }

  /** Whether a name in the staging area is of a layer that is kept, and not garbage. */
  has(name: string): boolean {
    const path = join(this.#layout.staging, name);
    for (const { directory } of this.#kept.values()) if (directory === path) return true;
    return false;
  }

  /** A layer is staged whole. Crash: before this is written, its directory is garbage. */
  record(staged: StagedLayer): void {
    writeFileSync(this.#mark(staged.directory), bootId());
    const { digest, diffId, size, repository } = staged;
    writeFileSync(join(staged.directory, STAGED), JSON.stringify({ digest, diffId, size, repository }));
  }

  /** The one who had it has no use for it any more. */
  keep(staged: StagedLayer): boolean {
    if (this.#kept.has(keyOf(staged)) || !existsSync(join(staged.directory, STAGED))) return false;
    this.#kept.set(keyOf(staged), staged);
    return true;
  }

  /** Gives away a layer that is kept, and forgets it. */
  take(digest: string, diffId: string | undefined): StagedLayer | undefined {
    const key = keyOf({ digest, diffId });
    const staged = this.#kept.get(key);
    this.#kept.delete(key);
    return staged && existsSync(staged.directory) ? staged : undefined;
  }

  /** A layer's directory is gone, or is a layer's in its place. */
  forget(directory: string): void {
    rmSync(this.#mark(directory), { force: true });
  }

  /** The spool for a blob of `size` bytes, and how much of it is there; undefined if it needs none or has one in use. */
  spool(digest: Digest, size: number | undefined): SpoolUse | undefined {
    if (size === undefined || size < MIN_SPOOL) return undefined;
    const path = join(this.#layout.spools, hexOf(digest));
    if (this.#spools.has(path)) return undefined;
    this.#spools.add(path);
    const there = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (there > size) rmSync(path);
    return {
      path,
      bytes: there > size ? 0 : there,
      [Symbol.dispose]: () => this.#spools.delete(path),
    };
  }

  /** Removes what is older than a leftover may be. */
  async expire(now = Date.now()): Promise<void> {
    for (const [key, { directory }] of [...this.#kept]) {
      if (isYoung(join(directory, STAGED), now)) continue;
      this.#kept.delete(key);
      await removeTreeAsync(directory);
      this.forget(directory);
    }
    for (const name of readdirSync(this.#layout.spools)) {
      const path = join(this.#layout.spools, name);
      if (!this.#spools.has(path) && !isYoung(path, now)) {
        rmSync(path, { force: true });
      }
    }
  }

  #mark(directory: string): string {
    return join(this.#layout.unsynced, `staged-${basename(directory)}`);
  }

  #read(name: string): StagedLayer | undefined {
    const directory = join(this.#layout.staging, name);
    const text = readOptional(join(directory, STAGED));
    // One that has a link, or lacks something, was on its way into its place.
    const has = (part: string) => existsSync(join(directory, part));
    const parts = ['diff', 'tar-split.json.gz', 'join.json'];
    const whole = text !== undefined && !has('link') && parts.every(has);
    if (!whole || readOptional(this.#mark(directory)) !== bootId()) {
      this.forget(directory);
      return undefined;
    }
    if (!isYoung(join(directory, STAGED), Date.now())) return undefined;
    try {
      const { digest, diffId, size, repository } = JSON.parse(text) as StagedLayer;
      if (!isDigest(digest) || !isDigest(diffId) || !Number.isSafeInteger(size)) return undefined;
      const staged: StagedLayer = { digest, diffId, size, directory };
      if (typeof repository === 'string') staged.repository = repository;
      return staged;
    } catch {
      return undefined;
    }
  }
}

/** A spool that nobody else writes until this is disposed of. */
export interface SpoolUse extends Disposable {
  path: string;
  /** How much there is to begin with. */
  bytes: number;
}

function keyOf({ digest, diffId }: { digest: string; diffId: string | undefined }): string {
  return `${digest} ${diffId ?? ''}`;
}

function isYoung(path: string, now: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && now - stat.mtimeMs < LEFTOVER_MS;
}
