import { type DiffId, type Digest, isDigest } from '../../spec/digest.ts';
import { atomicWrite } from '../../sys/mod.ts';
import type { Layout } from '../layout.ts';
import { digestFile } from './layer-db.ts';
import { readOptional } from './overlay-directory.ts';

/** A blob that a layer was pulled or pushed as. */
export interface BlobOrigin {
  digest: Digest;
  /** Canonical repository that had it: `docker.io/library/busybox`. */
  repository: string;
  /** Compat: Docker binds an origin to the login that saw it; ours is '', which means any. */
  hmac: string;
}

/**
 * What is known of the blobs of layers, so that a push finds what a registry has already. Compat:
 * `distribution/diffid-by-digest` and `distribution/v2metadata-by-diffid`, as Docker reads and writes them. A cache:
 * it survives no power cut for sure, and nothing is wrong without it.
 */
export interface BlobOrigins {
  /** The latest first. */
  of(diffId: DiffId): BlobOrigin[];
  /** The blob `digest` is the layer; it was seen in `repository`, if that is known. */
  learn(diffId: DiffId, digest: Digest, repository: string | undefined): void;
  /** The repository has it no more. Idempotent. */
  forget(diffId: DiffId, origin: Pick<BlobOrigin, 'digest' | 'repository'>): void;
}

/** One entry of `v2metadata-by-diffid`. */
interface Entry {
  Digest: string;
  SourceRepository: string;
  HMAC: string;
}

/** Docker keeps as many, the latest last. */
const MAX_ENTRIES = 50;

/** `BlobOrigins` in Docker's files. */
export class FileBlobOrigins implements BlobOrigins {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  of(diffId: DiffId): BlobOrigin[] {
    const origins = this.#read(diffId).map(
      ({ Digest, SourceRepository, HMAC }): BlobOrigin => ({
        digest: Digest as Digest,
        repository: SourceRepository,
        hmac: HMAC ?? '',
      }),
    );
    return origins.reverse();
  }

  learn(diffId: DiffId, digest: Digest, repository: string | undefined): void {
    atomicWrite(digestFile(this.#layout.diffIdByDigest, digest), diffId, { mode: 0o644 });
    if (repository === undefined) return;
    const entry: Entry = { Digest: digest, SourceRepository: repository, HMAC: '' };
    this.#write(diffId, [...this.#read(diffId).filter(isOther(digest, repository)), entry]);
  }

  forget(diffId: DiffId, { digest, repository }: Pick<BlobOrigin, 'digest' | 'repository'>): void {
    const entries = this.#read(diffId);
    const left = entries.filter(isOther(digest, repository));
    if (left.length < entries.length) this.#write(diffId, left);
  }

  #read(diffId: DiffId): Entry[] {
    try {
      const text = readOptional(digestFile(this.#layout.digestsByDiffId, diffId));
      const entries: unknown = JSON.parse(text ?? '[]');
      return Array.isArray(entries) ? entries.filter(isEntry) : [];
    } catch {
      // What somebody else broke is as good as nothing.
      return [];
    }
  }

  #write(diffId: DiffId, entries: Entry[]): void {
    const path = digestFile(this.#layout.digestsByDiffId, diffId);
    atomicWrite(path, JSON.stringify(entries.slice(-MAX_ENTRIES)), { mode: 0o644 });
  }
}

function isOther(digest: string, repository: string) {
  return (entry: Entry) => entry.Digest !== digest || entry.SourceRepository !== repository;
}

function isEntry(value: unknown): value is Entry {
  const entry = value as Partial<Entry> | null;
  return (
    typeof entry?.Digest === 'string' && isDigest(entry.Digest) && typeof entry.SourceRepository === 'string'
  );
}
