import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/mod.ts';
import {
  closeNamespace,
  createNamespace,
  duplicate,
  openNamespace,
  pinNamespace,
  Rtnetlink,
  setLink,
  unpinNamespace,
  visitNamespace,
} from '../../sys/mod.ts';

const LOOPBACK = 1;

/** A network namespace that is being set up: its descriptor and an rtnetlink socket in it. */
export interface OpenSandbox extends Disposable {
  readonly fd: number;
  readonly inside: Rtnetlink;
}

function openSandbox(fd: number, inside: Rtnetlink): OpenSandbox {
  return {
    fd,
    inside,
    [Symbol.dispose]() {
      inside[Symbol.dispose]();
      closeNamespace(fd);
    },
  };
}

function adopt(given: number): { fd: number; made: Rtnetlink } {
  const fd = duplicate(given);
  try {
    return { fd, made: visitNamespace(fd, () => new Rtnetlink()) };
  } catch (error) {
    closeNamespace(fd);
    throw error;
  }
}

/** Network namespaces pinned at `<exec-root>/netns/<container id>`. */
export class Namespaces {
  readonly #directory: string;

  constructor(execRoot: string) {
    this.#directory = join(execRoot, 'netns');
  }

  open(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o711 });
  }

  path(id: string): string {
    return join(this.#directory, id);
  }

  /** A new namespace, or the given one, with `lo` up, pinned. One of the same name that a crash left is replaced. */
  create(id: string, given?: number): OpenSandbox {
    const { fd, made: inside } = given === undefined ? createNamespace(() => new Rtnetlink()) : adopt(given);
    const sandbox = openSandbox(fd, inside);
    try {
      inside.request(setLink(LOOPBACK, { up: true }));
      try {
        pinNamespace(fd, this.path(id));
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
        this.remove(id);
        pinNamespace(fd, this.path(id));
      }
      return sandbox;
    } catch (error) {
      sandbox[Symbol.dispose]();
      throw error;
    }
  }

  /** The pinned namespace of a sandbox that is up. */
  openPinned(id: string): OpenSandbox {
    const fd = openNamespace(this.path(id));
    try {
      return openSandbox(
        fd,
        visitNamespace(fd, () => new Rtnetlink()),
      );
    } catch (error) {
      closeNamespace(fd);
      throw error;
    }
  }

  /** Idempotent. The kernel takes the namespace down, and veth pairs with it, once no process is in it. */
  remove(id: string): void {
    while (unpinNamespace(this.path(id)));
    rmSync(this.path(id), { force: true });
  }

  /** The names of all that are pinned: only for restore. */
  list(): string[] {
    return readdirSync(this.#directory);
  }
}
