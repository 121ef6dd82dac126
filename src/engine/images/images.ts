import type { AttestationStatement, SearchHit } from '../../registry/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import type {
  AuthConfig,
  ImageDeleteItem,
  ImageInspect,
  ImageSummary,
  ProgressMessage,
} from '../../spec/docker/mod.ts';
import type { Platform } from '../../spec/platform.ts';
import type { StoredImage } from '../../store/mod.ts';
import type { Filters } from '../filters.ts';
import type { PullOptions } from './pull.ts';
import type { PushOptions } from './push/push.ts';
import type { RemoveOptions } from './remove.ts';

/**
 * The image verbs. A *ref* is what a user types: a name with tag or digest, or an id or a unique prefix of one.
 * Unknown: `not-found` `No such image: x:latest`. `pull` and `import` are cancelled by a client's hang-up.
 */
export interface Images {
  /** `reference` has a tag or digest. Errors before the first progress record reject; the API decides how to send them. */
  pull(reference: string, options: PullOptions, progress: (message: ProgressMessage) => void): Promise<void>;
  /** As `pull`, every tag of a repository. */
  pullAllTags(
    repository: string,
    options: PullOptions,
    progress: (message: ProgressMessage) => void,
  ): Promise<void>;
  /** Looks for `term` (`[HOST/]WORDS`) in the index of a registry. */
  search(term: string, options: ImageSearchOptions): Promise<SearchHit[]>;
  list(options: ImageListOptions): Promise<ImageSummary[]>;
  /** With `platform`, an image of another one is `not-found`. */
  inspect(ref: string, platform?: Platform): Promise<ImageInspect>;
  remove(ref: string, options: RemoveOptions): Promise<ImageDeleteItem[]>;
  /** Removes what no container uses. Of two at once the second is a `conflict`. */
  prune(filters: Filters, options: { signal: AbortSignal }): Promise<ImagesPruned>;
  /** What all images together take on the disk. */
  usage(): ImagesUsage;
  tag(ref: string, repository: string, tag: string): Promise<void>;
  /**
   * A rootfs tar, however compressed, becomes an image of one layer. Gives its id. The source is its bytes, or a URL to
   * fetch it from (without a scheme, by http), of which `progress` hears.
   */
  import(
    source: AsyncIterable<Uint8Array> | string,
    options: ImportOptions,
    progress: (message: ProgressMessage) => void,
  ): Promise<ImageId>;
  /**
   * Pushes the tag that `reference` names, or all tags of a bare repository. What goes wrong is told after the first
   * progress record. A hang-up cancels it.
   */
  push(reference: string, options: PushOptions, progress: (message: ProgressMessage) => void): Promise<void>;
  /**
   * A tar of the images that these names or ids mean, loadable by `docker load` and as an OCI layout. A bare name is
   * all of its tags. With `platforms`, an image of another one is `not-found`. Pieces are valid until the next.
   */
  save(
    names: readonly string[],
    options: { platforms: readonly Platform[]; signal: AbortSignal },
  ): AsyncGenerator<Uint8Array, void, void>;
  /**
   * Loads an archive of images: `docker save`'s, an OCI layout, however compressed. Lines and figures go to `progress`;
   * what was loaded before a failure stays. A hang-up cancels it.
   */
  load(
    source: AsyncIterable<Uint8Array>,
    options: LoadOptions,
    progress: (message: ProgressMessage) => void,
  ): Promise<void>;
  history(ref: string, platform?: Platform): Promise<ImageHistoryItem[]>;
  /**
   * In-toto statements about the image for one platform (the host's by default), from the registry that it came from;
   * none for an image that came from no registry.
   */
  attestations(ref: string, options: AttestationsOptions): Promise<AttestationStatement[]>;
  /** For containers: the image that a ref means. Throws `not-found` as inspect does, also when only another platform is there. */
  resolve(ref: string, platform?: Platform): StoredImage;
}

export interface ImageListOptions {
  /** Also steps on the way to other images. */
  all: boolean;
  filters: Filters;
  /** Tell for each what it shares with others: -1 otherwise. */
  sharedSize: boolean;
}

export interface ImageSearchOptions {
  /** 0 = as many as the index thinks right. */
  limit: number;
  filters: Filters;
  auth?: AuthConfig;
  signal: AbortSignal;
}

export interface ImagesPruned {
  deleted: ImageDeleteItem[];
  /** Bytes. */
  spaceReclaimed: number;
}

/** Bytes. */
export interface ImagesUsage {
  total: number;
  /** What would be free if all images without a container were gone. */
  reclaimable: number;
}

export interface AttestationsOptions {
  platform?: Platform;
  /** Predicate types; all if it is empty. */
  types: string[];
  withStatement: boolean;
  auth?: AuthConfig;
  signal: AbortSignal;
}

export interface ImportOptions {
  repository?: string;
  tag?: string;
  message?: string;
  /** Dockerfile instructions that change the config. */
  changes: string[];
  platform?: Platform;
  signal: AbortSignal;
}

export interface LoadOptions {
  /** No figures. */
  quiet: boolean;
  /** Only images for these; none means all. */
  platforms: Platform[];
  signal: AbortSignal;
}

export interface ImageHistoryItem {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** What `images/` asks about containers without importing them; `daemon/` supplies it. */
export interface ImageUsers {
  /** Containers made from this image. */
  usersOf(id: ImageId): { containerId: string; running: boolean }[];
  /** How many containers each image has, of those that have any: one pass over all. */
  counts(): ReadonlyMap<string, number>;
}
