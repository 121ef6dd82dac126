import type { ImageId } from '../../../spec/digest.ts';
import type { ContainerConfig } from '../../../spec/docker/mod.ts';
import type { PathStat, TreeArchive, TreeChange } from '../../../store/mod.ts';

/**
 * Files of containers, that run or not: as they are seen inside, with volumes and bind mounts but without tmpfs, `/proc`
 * and what else only a running program sees. A *ref* as in `Containers`. Nothing of a container is ever run for it.
 */
export interface ContainerFiles {
  /** `not-found` `Could not find the file x in container y`. A link is told as such. */
  stat(ref: string, path: string): Promise<PathStat>;
  /** What is at `path`, as a tar. Dispose of it. A hang-up cancels it. */
  archive(ref: string, path: string, options: { signal: AbortSignal }): Promise<TreeArchive>;
  /** Unpacks a tar, plain or compressed, into the directory at `path`. What was unpacked before a failure stays. */
  extract(
    ref: string,
    path: string,
    source: AsyncIterable<Uint8Array>,
    options: ExtractOptions,
  ): Promise<void>;
  /** The whole tree of a container without its volumes, as a tar. Dispose of it. A hang-up cancels it. */
  export(ref: string, options: { signal: AbortSignal }): Promise<ExportedTree>;
  /** What a container changes of its image; nothing of volumes. */
  changes(ref: string): Promise<TreeChange[]>;
  /** Makes an image of a container, durably. Gives its id. */
  commit(ref: string, request: CommitRequest): Promise<ImageId>;
}

export interface ExtractOptions {
  /** A directory does not take the place of something else, nor the other way round. */
  keepKinds: boolean;
  /** All becomes the container's user's, if it has one. */
  asUser: boolean;
}

export interface ExportedTree extends AsyncDisposable {
  /** Each piece is valid until the next one is asked for. */
  bytes: AsyncGenerator<Uint8Array, void, void>;
}

export interface CommitRequest {
  /** Freeze it meanwhile, if it runs. */
  pause: boolean;
  /** In place of the container's own, which fills in what this leaves open. */
  config?: ContainerConfig;
  /** Dockerfile instructions that change the config. */
  changes: string[];
  author: string;
  comment: string;
  repository?: string;
  tag?: string;
}
