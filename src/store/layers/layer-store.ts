import type { ChainId, DiffId, Digest } from '../../spec/digest.ts';
import type { ChunkedState } from '../../spec/http/chunked.ts';
import type { BlobOrigins } from './blob-origins.ts';
import type { LayerTars } from './export/layer-tars.ts';

/**
 * Layers on disk, in the layout of Docker's overlay2 driver. Vocabulary: to *stage* a layer is to verify, inflate and
 * unpack its blob into a directory that no image can see yet; to *commit* it is to give it its place above a parent
 * under a chain id; a *mount* is the writable layer of one container above an image's top layer.
 */
export interface LayerStore {
  /** Layers on their way out: for `save`, `push`, and whatever else needs a layer's tar. */
  readonly tars: LayerTars;
  /** Which blobs a layer is known as, and where they are. */
  readonly origins: BlobOrigins;
  /** The committed layer with this chain id. */
  get(chainId: ChainId): Layer | undefined;
  list(): Layer[];
  /**
   * Reads `source` (the compressed bytes, offset 0 on) in one pass on a worker thread: digest, inflate, diffID, untar,
   * tar-split. Rejects with `corrupt` if a digest does not match (nothing stays on disk), with `invalid` for hostile
   * members. Several at once; the same digest at the same time is staged once, and ends when the last of its requests
   * is cancelled.
   */
  stage(request: StageRequest): Promise<StagedLayer>;
  /** Puts a staged layer above `parent` (undefined = at the bottom). Idempotent: a chain id that exists wins. */
  commit(staged: StagedLayer, parent: ChainId | undefined): Promise<Layer>;
  /**
   * Looks whether the layer and those below it are whole, as far as that is seen without reading their files: some
   * milliseconds for a thousand files, on another thread. Damaged ones are told by `isDamaged`, and the next `commit`
   * of such a layer replaces its files.
   */
  examine(chainId: ChainId): Promise<void>;
  isDamaged(chainId: ChainId): boolean;
  /** Throws a staged layer away. Idempotent. */
  discard(staged: StagedLayer): Promise<void>;
  /** Leaves a staged layer that cannot be committed now for a later request, for an hour. Idempotent. */
  keep(staged: StagedLayer): Promise<void>;
  /** diffID known for a blob that was pulled earlier (distribution/diffid-by-digest). */
  diffIdOf(digest: Digest): DiffId | undefined;
  /** Holds a layer and all below it against `release`, for an image or a container. */
  retain(chainId: ChainId): void;
  /**
   * Drops one hold; removes layers that nobody holds, top first. Gives the chain ids that were removed; the files of
   * large ones go a little later.
   */
  release(chainId: ChainId): Promise<ChainId[]>;
  /** Drops one hold and removes nothing: a layer that nobody holds is kept for an hour, for a pull that goes on. */
  letGo(chainId: ChainId): void;
  /**
   * Makes the writable layer of a container (with Docker's `-init` layer: the mount points /dev/console, /etc/hosts,
   * /etc/resolv.conf, /etc/hostname, /etc/mtab, /dev/pts, /dev/shm, /proc, /sys, /.dockerenv). Not mounted yet.
   * Holds `parent` until `removeMount`.
   */
  createMount(
    containerId: string,
    parent: ChainId | undefined,
    options?: MountOptions,
  ): Promise<ContainerMount>;
  /** Writable layers that we made, complete or not, of ids that `isKnown` does not know. Costs a listing of all. */
  strayMounts(isKnown: (containerId: string) => boolean): string[];
  /**
   * At a start, for a container on record: makes the record of its writable layer whole, if a power cut left it
   * without what says whose layers are below, and holds those. Costs a look if it is whole.
   */
  repairMount(containerId: string, parent: ChainId): void;
  /** True if the writable layer was made `ephemeral`. */
  isEphemeral(containerId: string): boolean;
  /** The mount of a container that was created earlier, by any process. */
  getMount(containerId: string): ContainerMount | undefined;
  /** Mounts the overlay at `merged`; idempotent. Gives the absolute path of the rootfs. */
  mount(containerId: string): Promise<string>;
  /**
   * As `mount`, for a look at the files of a container that may not run: until the result is disposed of, an `unmount`
   * waits. A removal does not.
   */
  borrowMount(containerId: string): Promise<{ rootfs: string } & Disposable>;
  /** Unmounts, at once: what the filesystem has to sync is synced in the background. Idempotent. */
  unmount(containerId: string): Promise<void>;
  /** Unmounts and removes the writable layer and its init layer; idempotent. */
  removeMount(containerId: string): Promise<void>;
  /** Mounts a layer with those below it, read-only, at `target`, an empty directory. The caller holds the layer. */
  mountView(chainId: ChainId, target: string, options: { mapped: boolean }): void;
  /** Bytes in the container's writable layer (`SizeRw`). */
  mountSize(containerId: string): Promise<number>;
  /** Sum of the unpacked sizes of a layer and all below it, bytes. */
  chainSize(chainId: ChainId): number;
  /** `GraphDriver.Data` of an image whose top layer this is. */
  graphData(chainId: ChainId): GraphData;
  /** Begins to write to disk what is staged so far, so that a `sync` later has less to wait for. */
  writeBack(): void;
  /** Resolves when all layers that are committed now would outlive a power cut: for what nobody can fetch again. */
  sync(): Promise<void>;
}

export interface MountOptions {
  /**
   * The content is thrown away at the end anyway (`--rm`): it is never synced, which saves a sync of the whole
   * filesystem at unmount.
   */
  ephemeral?: boolean;
  /** The container's owners are mapped, as the store's map says. */
  mapped?: boolean;
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
  /** Undefined for `import`, whose bytes nobody has named. */
  digest?: Digest;
  /** Compressed bytes, as declared; undefined if nobody said. */
  size?: number;
  mediaType: string;
  /** Canonical repository that the blob is from (`docker.io/library/busybox`), for `v2metadata-by-diffid`. */
  repository?: string;
  /** What the image's config says; a different one is `corrupt`. Undefined for `import`. */
  diffId?: DiffId;
  /**
   * The bytes, or what opens them at an offset. One that can be opened is shared by all who ask for the digest, goes on
   * where an earlier request ended, and leaves what came to the next one.
   */
  source: BlobSource | ((offset: number, signal: AbortSignal) => BlobSource);
  /** What bounds how many are fetched at once; `onWaiting` tells that it must wait for its turn. */
  turns?: Turns;
  onWaiting?: () => void;
  /** Compressed bytes read so far. */
  onDownloaded?: (bytes: number) => void;
  /** Compressed bytes unpacked so far. */
  onExtracted?: (bytes: number) => void;
  signal?: AbortSignal;
}

export interface Turns {
  /** Resolves with the turn, which ends when it is disposed of; rejects with the signal. */
  take(onWait: () => void, signal?: AbortSignal): Promise<Disposable>;
}

/** A blob's bytes in order; some of them perhaps still in a socket. */
export type BlobSource = AsyncIterable<Uint8Array | SocketPiece>;

/** The next `length` bytes are to be read from a non-blocking socket, by whoever takes its descriptor and closes it. */
export interface SocketPiece {
  length: number;
  /** What was read of the socket already. */
  head?: Uint8Array;
  /** The bytes come in chunks, and this is where in them; else they come bare. */
  chunks?: ChunkedState | undefined;
  /**
   * The owner goes on reading afterwards: whoever took it reads all `length` bytes, and no more, even if they are of no
   * use, or tells where it stopped.
   */
  returns?: boolean;
  /** The peer has hung if nothing comes for so long, milliseconds. */
  stallMs: number;
  take(): number;
  /** Tells how many bytes came; to be called before the next piece is asked for. */
  settle(got: number, stalled: boolean, back?: SocketBack): void;
  /** Nobody takes it. Idempotent. */
  release?(): void;
}

/** What a socket is given back with: bytes that were read and belong to what follows, and where in the chunks they begin. */
export interface SocketBack {
  bytes: Uint8Array;
  chunks: ChunkedState | undefined;
}

/** A source that may lend the socket that it comes from. */
export interface LendableSource extends AsyncIterable<Uint8Array> {
  /** The next `length` bytes, which there must be; nothing else is read before it is settled. Undefined: it cannot. */
  lend(length: number): Promise<SocketPiece | undefined>;
}

export interface StagedLayer {
  digest: Digest;
  diffId: DiffId;
  size: number;
  /** Its directory, private to the store. */
  directory: string;
  repository?: string;
}

export interface ContainerMount {
  /** Names of directories under `overlay2/`. */
  mountId: string;
  initId: string;
  parent?: ChainId;
  /** Absolute path of the rootfs, while it is mounted. */
  merged: string;
  /** Absolute directories as `GraphDriver.Data` shows them: LowerDir (joined by ':'), MergedDir, UpperDir, WorkDir. */
  graphData(): GraphData & { LowerDir: string };
}

/** Spec: Engine API, `GraphDriverData.Data`, as Docker's overlay2 fills it. The lowest layer has no `LowerDir`. */
export interface GraphData {
  LowerDir?: string;
  MergedDir: string;
  UpperDir: string;
  WorkDir: string;
}
