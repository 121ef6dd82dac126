import type { Digest } from '../spec/digest.ts';
import type { AuthConfig } from '../spec/docker/mod.ts';
import type { Descriptor, ImageConfig, Manifest } from '../spec/oci/image.ts';
import type { Platform } from '../spec/platform.ts';
import type { Reference } from '../spec/reference.ts';
import type { BlobPiece } from './lent-socket.ts';

/**
 * A client of OCI distribution registries. Vocabulary: a *reference* names a repository and a tag or digest; to
 * *resolve* it gives the manifest for one platform, with the config already verified; to *fetch* a blob gives its
 * bytes, **not yet verified**: whoever reads them to the end compares the digest (the store's layer worker does).
 * Errors are EngineErrors in Docker's wording (`manifest unknown`, `pull access denied …`, …).
 */
export interface Registry {
  /** Manifest (through an index, by platform) and config of what `reference` names now. */
  resolve(reference: Reference, options: RegistryOptions & { platform?: Platform }): Promise<ResolvedImage>;
  /**
   * The bytes of a blob, from `offset` on. A reset connection, a 5xx or a 429 in the middle is retried with back-off
   * and continued by Range, invisibly to the reader. Ends with an EngineError when attempts are used up or when more
   * bytes than `descriptor.size` arrive.
   */
  fetchBlob(
    reference: Reference,
    descriptor: Descriptor,
    options: RegistryOptions & { offset?: number },
  ): AsyncIterable<Uint8Array>;
  /**
   * As `fetchBlob`, for a reader that can also take bytes from a socket itself (a `LentSocket`), which spares them
   * the way through this process's HTTP client where there is no TLS.
   */
  streamBlob(
    reference: Reference,
    descriptor: Descriptor,
    options: RegistryOptions & { offset?: number },
  ): AsyncIterable<BlobPiece>;
  /** What `reference` names now, by a HEAD request: cheap, and no pull in the eyes of a registry that counts them. */
  describe(reference: Reference, options: RegistryOptions): Promise<Descriptor>;
  /** What `reference` names now, and for which platforms: all entries of an index. */
  inspect(reference: Reference, options: RegistryOptions): Promise<DistributionInspect>;
  /**
   * The in-toto statements that an index has for one platform's image; none for a plain manifest. Throws `not-found`
   * if the index has no such platform.
   */
  attestations(
    reference: Reference & { digest: Digest },
    options: RegistryOptions & AttestationQuery,
  ): Promise<AttestationStatement[]>;
  /** All tags of a repository, in the registry's order. */
  tags(reference: Reference, options: RegistryOptions): Promise<string[]>;
  /**
   * What the index of a registry finds (`docker.io`: Docker Hub's); of a registry that has only a catalog, the
   * repositories with `term` in their names.
   */
  search(domain: string, term: string, options: RegistryOptions & { limit: number }): Promise<SearchHit[]>;
  /** A way to push to the repository of `reference`; nothing is sent yet. The signal ends all of it. */
  push(reference: Reference, options: RegistryOptions): PushTarget;
  /**
   * Fetches what a user named by URL, through redirects and proxies. Throws in the words of Docker's
   * `GetWithStatusError`, `invalid` for what is no http URL; the bytes reject if they end before the announced length.
   */
  download(url: string, options: { signal: AbortSignal }): Promise<Download>;
  /** Verifies credentials for `POST /auth`; gives the identity token, '' if there is none. */
  login(
    auth: AuthConfig,
    options?: { signal?: AbortSignal },
  ): Promise<{ status: string; identityToken: string }>;
}

/**
 * One repository that is pushed to. Each call is tried again on what may pass; errors are the registry's own sentences
 * (`denied: requested access to the resource is denied`). Several calls at once are fine. Dispose of it,
 * which ends uploads that were opened and not needed.
 */
export interface PushTarget extends AsyncDisposable {
  /**
   * The first request: rejects if nobody can be reached. True if the blob is there; false also if the registry refused
   * to tell, for whatever comes next will say why.
   */
  contact(digest: Digest): Promise<boolean>;
  /** Bytes of a blob that the repository has, undefined if it has it not: a HEAD. */
  findBlob(digest: Digest): Promise<number | undefined>;
  /** Takes over a blob of the registry's repository `from` (its path). False if that is not possible. */
  mountBlob(digest: Digest, from: string): Promise<boolean>;
  /** Sends a blob whose digest is known at its end only. A failure of the source comes back as it is. */
  uploadBlob(open: BlobSource): Promise<PushedBlob>;
  /** Puts a manifest under a tag. All that it names must be there. */
  putManifest(tag: string, mediaType: string, bytes: Uint8Array): Promise<void>;
}

/** Opens a blob from its beginning; called again after a broken upload, it must give the same bytes. */
export type BlobSource = () => AsyncGenerator<Uint8Array, PushedBlob, void>;

export interface PushedBlob {
  digest: Digest;
  size: number;
}

export interface RegistryOptions {
  auth?: AuthConfig;
  signal?: AbortSignal;
}

export interface Download {
  bytes: AsyncIterable<Uint8Array>;
  /** Bytes, if the server says. */
  length: number | undefined;
}

/** Spec: Engine API, `DistributionInspect`. */
export interface DistributionInspect {
  Descriptor: Descriptor;
  /** Null where it cannot be told. */
  Platforms: Platform[] | null;
}

export interface AttestationQuery {
  platform: Platform;
  /** Predicate types; all if it is empty. */
  types: string[];
  /** Fetch the statements themselves, too. */
  withStatement: boolean;
}

/** One in-toto statement. Spec: Engine API, `AttestationStatement`. */
export interface AttestationStatement {
  descriptor: Descriptor;
  predicateType: string;
  /** The document, verbatim; it is valid JSON. */
  statement?: string;
}

export interface SearchHit {
  /** As one pulls it. */
  name: string;
  description: string;
  starCount: number;
  isOfficial: boolean;
}

export interface ResolvedImage {
  /** What the tag points at: digest of the index if there is one, else of the manifest. It is shown as `Digest:`. */
  target: Descriptor;
  manifest: Manifest;
  manifestDigest: Digest;
  /** Verified bytes of the config blob (its digest is the image id), and their parsed form. */
  configBytes: Uint8Array;
  config: ImageConfig;
}
