import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { EngineError, messageOf } from '../../base/mod.ts';
import { type MakeInRoot, makeInRoot, O_DIRECTORY, openInRoot, openRoot, SysError } from '../../sys/mod.ts';
import type { DiskThread } from '../layers/disk-thread.ts';
import type { VolumeThreads } from '../volumes/volume-threads.ts';
import { lookUpUserQuickly } from './look-up-user.ts';
import type { ResolvedUser, RootFs } from './rootfs.ts';

/** `RootFs` by openat2(2). */
export class TreeRootFs implements RootFs {
  readonly #disk: Pick<DiskThread, 'call'>;

  readonly #volumes: Pick<VolumeThreads, 'call'>;

  constructor(disk: Pick<DiskThread, 'call'>, volumes: Pick<VolumeThreads, 'call'>) {
    this.#disk = disk;
    this.#volumes = volumes;
  }

  async lookupUser(root: string, user: string, groupAdd: string[]): Promise<ResolvedUser> {
    const found = within(root, (fd) => lookUpUserQuickly(fd, user, groupAdd));
    return found ?? (await this.#disk.call('lookUpUser', { root, user, groupAdd }));
  }

  async ensureDirectory(root: string, path: string, owner: { uid: number; gid: number }): Promise<void> {
    const made = within(root, (fd) =>
      tryMake(path, () => makeInRoot(fd, path, { kind: 'directory', owner })),
    );
    if (!made.stat.isDirectory()) throw notADirectory(path);
  }

  async ensureMountPoint(root: string, path: string, wanted: MakeInRoot): Promise<string> {
    const { kind } = wanted;
    const made = within(root, (fd) => tryMake(path, () => makeInRoot(fd, path, wanted)));
    if (made.stat.isDirectory() !== (kind === 'directory')) {
      // Compat: what runc says, and the Docker user sees, when the two do not fit together.
      throw new EngineError(
        'invalid',
        `error mounting to rootfs at ${JSON.stringify(path)}: not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
      );
    }
    return made.path;
  }

  async copyUp(root: string, path: string, openVolume: () => Promise<string>): Promise<void> {
    const from = within(root, (fd) => openDirectory(fd, path));
    if (from === undefined) return;
    try {
      await this.#volumes.call('copyUp', { from, volume: await openVolume() });
    } finally {
      closeSync(from);
    }
  }
}

function within<T>(root: string, work: (fd: number) => T): T {
  const fd = openRoot(root);
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/** A descriptor for reading the directory at `path` within a root; undefined if there is none. */
function openDirectory(root: number, path: string): number | undefined {
  const handle = openInRoot(root, path, O_DIRECTORY);
  if (handle < 0) return undefined;
  try {
    return openSync(`/proc/self/fd/${handle}`, O_DIRECTORY);
  } finally {
    closeSync(handle);
  }
}

function tryMake<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (error.errno === constants.errno.ENOTDIR) throw notADirectory(path);
    const hostile = [constants.errno.ELOOP, constants.errno.ENAMETOOLONG, constants.errno.EINVAL];
    throw new EngineError(hostile.includes(error.errno) ? 'invalid' : 'internal', messageOf(error), {
      cause: error,
    });
  }
}

function notADirectory(path: string): EngineError {
  return new EngineError('invalid', `Cannot mkdir: ${path} is not a directory`);
}
