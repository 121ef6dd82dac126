import type { ChainId, DiffId, Digest } from '../../spec/digest.ts';

/**
 * Layers on disk, in the layout of Docker's overlay2 driver. Vocabulary: to *stage* a layer is to verify, inflate and
 * unpack its blob into a directory that no image can see yet; to *commit* it is to give it its place above a parent
 * under a chain id; a *mount* is the writable layer of one container above an image's top layer.
 */
export interface LayerStore {
  /** The committed layer with this chain id. */
  get(chainId: ChainId): Layer | undefined;
  list(): Layer[];
  /**
   * Reads `source` (the compressed bytes, offset 0 on) in one pass on a worker thread: digest, inflate, diffID, untar,
   * tar-split. Rejects with `corrupt` if a digest does not match (nothing stays on disk), with `invalid` for hostile
   * members. Several at once; the same digest at the same time is staged once.
   */
  stage(request: StageRequest): Promise<StagedLayer>;
  /** Puts a staged layer above `parent` (undefined = at the bottom). Idempotent: a chain id that exists wins. */
  commit(staged: StagedLayer, parent: ChainId | undefined): Promise<Layer>;
  /** Throws a staged layer away. Idempotent. */
  discard(staged: StagedLayer): Promise<void>;
  /** diffID known for a blob that was pulled earlier (distribution/diffid-by-digest). */
  diffIdOf(digest: Digest): DiffId | undefined;
  /** Holds a layer and all below it against `release`, for an image or a container. */
  retain(chainId: ChainId): void;
  /** Drops one hold; removes layers that nobody holds, top first. Gives the chain ids that were removed. */
  release(chainId: ChainId): Promise<ChainId[]>;
  /**
   * Makes the writable layer of a container (with Docker's `-init` layer: the mount points /dev/console, /etc/hosts,
   * /etc/resolv.conf, /etc/hostname, /etc/mtab, /dev/pts, /dev/shm, /proc, /sys, /.dockerenv). Not mounted yet.
   */
  createMount(containerId: string, parent: ChainId | undefined): Promise<ContainerMount>;
  /** The mount of a container that was created earlier, by any process. */
  getMount(containerId: string): ContainerMount | undefined;
  /** Mounts the overlay at `merged`; idempotent. Gives the absolute path of the rootfs. */
  mount(containerId: string): Promise<string>;
  /** Unmounts; idempotent. */
  unmount(containerId: string): Promise<void>;
  /** Unmounts and removes the writable layer and its init layer; idempotent. */
  removeMount(containerId: string): Promise<void>;
  /** Bytes in the container's writable layer (`SizeRw`). */
  mountSize(containerId: string): Promise<number>;
  /** Sum of the unpacked sizes of a layer and all below it, bytes. */
  chainSize(chainId: ChainId): number;
}

export interface Layer {
  chainId: ChainId;
  diffId: DiffId;
  parent?: ChainId;
  /** Name of its directory under `overlay2/`. */
  cacheId: string;
  /** Unpacked bytes of this layer alone. */
  size: number;
}

export interface StageRequest {
  digest: Digest;
  /** Compressed bytes, as declared. */
  size: number;
  mediaType: string;
  /** What the image's config says; a different one is `corrupt`. Undefined for `import`. */
  diffId?: DiffId;
  source: AsyncIterable<Uint8Array>;
  /** Compressed bytes read so far. */
  onDownloaded?: (bytes: number) => void;
  /** Compressed bytes unpacked so far. */
  onExtracted?: (bytes: number) => void;
  signal?: AbortSignal;
}

export interface StagedLayer {
  digest: Digest;
  diffId: DiffId;
  size: number;
  /** Its directory, private to the store. */
  directory: string;
}

export interface ContainerMount {
  /** Names of directories under `overlay2/`. */
  mountId: string;
  initId: string;
  parent?: ChainId;
  /** Absolute directories as `GraphDriver.Data` shows them: LowerDir (joined by ':'), MergedDir, UpperDir, WorkDir. */
  graphData(): { LowerDir: string; MergedDir: string; UpperDir: string; WorkDir: string };
}
