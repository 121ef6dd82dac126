import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf, newId } from '../../base/mod.ts';
import type { ChainId } from '../../spec/digest.ts';
import type { IdMap, Owner } from '../../spec/id-map.ts';
import {
  AT_FDCWD,
  attachMount,
  cloneMount,
  createUserNamespace,
  cString,
  mapMount,
  mount,
  must,
  O_PATH,
  openAt,
  pinNamespace,
  unmount,
} from '../../sys/mod.ts';
import type { LayerStore } from '../layers/layer-store.ts';
import type { VolumeThreads } from '../volumes/volume-threads.ts';
import { openSubtree, type Subtree } from './open-subtree.ts';

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const VIEW = 'view-';

/** An id for what is prepared for a look into a container's files, and not for a start of it. */
export function viewName(): string {
  return `${VIEW}${newId()}`;
}

/**
 * What one start of a container is given as the source of a bind mount, where no path of the host will do: a part of a
 * volume that links cannot leave, an image, a folder with other owners, shared memory. Each lies mounted at
 * `<exec-root>/mounts/<container id>/<number>` until `release`.
 */
export class PreparedMounts {
  readonly #root: string;
  readonly #layers: Pick<LayerStore, 'mountView'>;
  readonly #volumes: Pick<VolumeThreads, 'call'>;

  constructor(execRoot: string, layers: Pick<LayerStore, 'mountView'>, volumes: Pick<VolumeThreads, 'call'>) {
    this.#root = join(execRoot, 'mounts');
    this.#layers = layers;
    this.#volumes = volumes;
  }

  /** At a start: takes away what a crash left of looks into containers (`viewName`). */
  releaseViews(): void {
    if (!existsSync(this.#root)) return;
    for (const name of readdirSync(this.#root)) if (name.startsWith(VIEW)) this.release(name);
  }

  /**
   * The file or directory `subpath` of a volume (`openSubtree`). What is there may be somebody's server: it is looked at
   * on another thread. `invalid` in Docker's words.
   */
  async within(id: string, root: string, subpath: string): Promise<string> {
    return this.#attachSubtree(id, await this.#volumes.call('subtree', { root, subpath }));
  }

  /** The files of an image, or a part of them, read-only. The caller holds the layer. */
  image(id: string, chainId: ChainId, subpath: string, options: { mapped: boolean }): string {
    const whole = this.#place(id, 'directory');
    this.#layers.mountView(chainId, whole, options);
    return subpath === '' ? whole : this.#attachSubtree(id, openSubtree(whole, subpath));
  }

  /** What is at `source`, with the owners of its files mapped. `invalid` where its file system cannot. */
  async mapped(
    id: string,
    source: string,
    map: IdMap,
    { recursive }: { recursive: boolean },
  ): Promise<string> {
    const { user } = await createUserNamespace(map);
    try {
      const tree = cloneMount(AT_FDCWD, source, recursive);
      try {
        mapMount(tree, user, recursive);
        return this.#attach(id, tree, fstatSync(tree).isDirectory() ? 'directory' : 'file');
      } catch (error) {
        const why = `the file system of ${source} cannot have its owners mapped (idmap): ${String(error)}`;
        throw errnoOf(error) === undefined ? error : new EngineError('invalid', why, { cause: error });
      } finally {
        closeSync(tree);
      }
    } finally {
      closeSync(user);
    }
  }

  /** Memory that containers share as /dev/shm. `size` in bytes. */
  sharedMemory(id: string, size: number, owner: Owner): string {
    mkdirSync(join(this.#root, id), { recursive: true, mode: 0o711 });
    const place = this.sharedMemoryOf(id);
    mkdirSync(place, { recursive: true, mode: 0o755 });
    unmount(place);
    const options = `mode=1777,size=${size},uid=${owner.uid},gid=${owner.gid}`;
    mount('shm', place, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
    return place;
  }

  /** Where the shared memory of a container is, if it has any. */
  sharedMemoryOf(id: string): string {
    return join(this.#root, id, 'shm');
  }

  /** A user namespace of the container's own, and a network namespace that belongs to it: the caller closes that. */
  async userNamespace(id: string, map: IdMap): Promise<{ path: string; network: number }> {
    const { user, net } = await createUserNamespace(map, ['net']);
    try {
      mkdirSync(join(this.#root, id), { recursive: true, mode: 0o711 });
      const path = this.userNamespaceOf(id);
      while (unmount(path));
      rmSync(path, { force: true });
      pinNamespace(user, path);
      return { path, network: net };
    } catch (error) {
      closeSync(net);
      throw error;
    } finally {
      closeSync(user);
    }
  }

  /** A network namespace that belongs to the user namespace at `path`. The caller closes it. */
  async networkIn(path: string): Promise<number> {
    const { user, net } = await createUserNamespace(path, ['net']);
    closeSync(user);
    return net;
  }

  /** Where the user namespace of a container is, if it has one. */
  userNamespaceOf(id: string): string {
    return join(this.#root, id, 'userns');
  }

  /** Takes all of a container's away. Idempotent; costs one look if there is none. */
  release(id: string): void {
    const directory = join(this.#root, id);
    let names: string[];
    try {
      names = readdirSync(directory, { withFileTypes: true }).map(({ name }) => name);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    for (const name of names) {
      const path = join(directory, name);
      while (unmount(path));
      try {
        rmdirSync(path);
      } catch (error) {
        if (errnoOf(error) !== 'ENOTDIR') throw error;
        unlinkSync(path);
      }
    }
    rmdirSync(directory);
  }

  #attachSubtree(id: string, { tree, kind }: Subtree): string {
    try {
      return this.#attach(id, tree, kind);
    } finally {
      closeSync(tree);
    }
  }

  #attach(id: string, tree: number, kind: 'directory' | 'file'): string {
    const place = this.#place(id, kind);
    const target = must('open', openAt(AT_FDCWD, cString(place), O_PATH), place);
    try {
      attachMount(tree, target);
    } finally {
      closeSync(target);
    }
    return place;
  }

  #place(id: string, kind: 'directory' | 'file'): string {
    const directory = join(this.#root, id);
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    const place = join(directory, String(readdirSync(directory).length));
    if (kind === 'directory') mkdirSync(place, { mode: 0o755 });
    else writeFileSync(place, '', { flag: 'wx', mode: 0o644 });
    return place;
  }
}
