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

/**
 * The image verbs. A *ref* is what a user types: a name with tag or digest, or an id or a unique prefix of one.
 * Unknown: `not-found` `No such image: x:latest`. `pull` and `import` are cancelled by a client's hang-up.
 */
export interface Images {
  /** `reference` has a tag or digest. Errors before the first progress record reject; the API decides how to send them. */
  pull(
    reference: string,
    options: { platform?: Platform; auth?: AuthConfig; signal: AbortSignal },
    progress: (message: ProgressMessage) => void,
  ): Promise<void>;
  list(options: { all: boolean; filters: Filters; sharedSize: boolean }): Promise<ImageSummary[]>;
  inspect(ref: string): Promise<ImageInspect>;
  remove(ref: string, options: { force: boolean; noPrune: boolean }): Promise<ImageDeleteItem[]>;
  tag(ref: string, repository: string, tag: string): Promise<void>;
  /** A rootfs tar (plain, gzip, zstd) becomes an image of one layer. Gives its id. */
  import(source: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<ImageId>;
  history(ref: string): Promise<ImageHistoryItem[]>;
  /** For containers: the image that a ref means. Throws `not-found` as inspect does, also when only another platform is there. */
  resolve(ref: string, platform?: Platform): StoredImage;
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
}
