import { chownSync, existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from '../base/mod.ts';
import { type IdMap, outsideOwner } from '../spec/id-map.ts';
import { hasMountsBelow, MS_BIND, MS_SHARED, mount, propagationOf, unmount } from '../sys/mod.ts';
import type { ArchiveStore } from './images/archive/image-archive.ts';
import { ImageDb } from './images/image-db.ts';
import type { ImageStore } from './images/image-store.ts';
import type { LayerStore } from './layers/layer-store.ts';
import { MappedLower } from './layers/mounts/mapped-lower.ts';
import { OverlayLayers } from './layers/overlay-layers.ts';
import { prepareLayout } from './layout.ts';
import { PreparedMounts } from './prepared/prepared-mounts.ts';
import { lazyTreeFiles } from './rootfs/files/lazy-tree-files.ts';
import type { TreeFiles } from './rootfs/files/tree-files.ts';
import type { RootFs } from './rootfs/rootfs.ts';
import { TreeRootFs } from './rootfs/tree-root-fs.ts';
import { VolumeThreads } from './volumes/volume-threads.ts';

export interface StoreOptions {
  dataRoot: string;
  execRoot: string;
  log: Logger;
  /** Bytes that a layer may unpack to. */
  maxLayerSize?: number | undefined;
  /** Owners in containers that are in a user namespace. */
  idMap?: IdMap | undefined;
}

/** All that is kept on disk for one data-root. One process at a time. */
export interface Store {
  layers: LayerStore;
  images: ImageStore;
  archives: ArchiveStore;
  rootfs: RootFs;
  files: TreeFiles;
  prepared: PreparedMounts;
  /** What is done with volumes' files off the main thread. */
  volumes: Pick<VolumeThreads, 'call'>;
  /** Removes what a crash left and nobody needs; to be called when all containers have taken their holds. */
  collectLeftovers(): void;
  /** Syncs what is pending and ends the threads; mounts stay. */
  close(): Promise<void>;
}

/** Opens the store; undoes first what a crash left half done. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataRoot, execRoot, log, maxLayerSize, idMap } = options;
  const layout = prepareLayout(resolve(dataRoot), resolve(execRoot));
  const root = realpathSync(dataRoot);
  const ownMark = join(resolve(execRoot), 'unmount-on-shutdown');
  shareMounts(root, ownMark, log);
  if (idMap) chownSync(layout.overlay, 0, outsideOwner(idMap, { uid: 0, gid: 0 }).gid);
  const mapping = idMap && new MappedLower(resolve(execRoot), idMap);
  const layers = new OverlayLayers(layout, log, { maxLayerSize, mapping });
  const images = new ImageDb(layout, layers, log);
  const volumes = new VolumeThreads();
  const close = async (): Promise<void> => {
    volumes.close();
    await layers.close();
    unshareMounts(root, ownMark);
  };
  const prepared = new PreparedMounts(resolve(execRoot), layers, volumes);
  prepared.releaseViews();
  const files = lazyTreeFiles(() => layers.workers);
  // Loaded when first needed: it is not for the start of the daemon to wait for.
  const archives: ArchiveStore = {
    read: async (source, options) => {
      const { readArchive } = await import('./images/archive/archive-reader.ts');
      return await readArchive(layers, source, options);
    },
    async *inflate(source, kinds) {
      const { inflated } = await import('./images/archive/inflate.ts');
      yield* inflated(source, kinds);
    },
  };
  return {
    layers,
    images,
    archives,
    rootfs: new TreeRootFs(layers.disk, volumes),
    files,
    prepared,
    volumes,
    collectLeftovers: () => layers.collectLeftovers(),
    close,
  };
}

/**
 * Compat: as Docker does, mounts below the data-root are made to spread (for bind mounts with propagation from there)
 * without touching the host's `/`: where the data-root is neither shared nor slave, it becomes a shared mount of its own.
 * The file in the exec-root remembers, over a crash too, that the mount is ours.
 */
function shareMounts(dataRoot: string, ownMark: string, log: Logger): void {
  const { isMountPoint, propagation } = propagationOf(dataRoot);
  if (propagation !== 'private') return;
  log.debug('making the data-root a shared mount', { dataRoot });
  if (!isMountPoint) {
    writeFileSync(ownMark, dataRoot);
    mount(dataRoot, dataRoot, '', MS_BIND);
  }
  mount('none', dataRoot, '', MS_SHARED);
}

/** Takes our own mount of the data-root back, unless containers still have theirs below it. */
function unshareMounts(dataRoot: string, ownMark: string): void {
  if (!existsSync(ownMark) || hasMountsBelow(dataRoot)) return;
  // Detached: the lock of a daemon that found the mount of a killed one lies on it, and is held for a while yet.
  unmount(dataRoot);
  rmSync(ownMark, { force: true });
}
