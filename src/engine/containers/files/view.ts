import { existsSync, statSync } from 'node:fs';
import type { ResolvedMount } from '../../../runtime/mod.ts';
import { type ContainerRecord, type OpenTree, viewName } from '../../../store/mod.ts';
import type { PrivateMount } from '../../../sys/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { resolveMounts } from '../mounts/resolve-mounts.ts';
import { announceVolumes } from '../resource-events.ts';
import { mapOf } from '../set-up/user-namespace.ts';

/** A container's files as they are seen inside. Dispose of it. */
export interface View extends AsyncDisposable {
  tree: OpenTree;
}

/**
 * Opens a container's files as they are seen inside: its own, with its volumes, bind mounts and the files that are made
 * for it. One way for those that run and those that do not: a private tree of mounts, which neither the container nor
 * the host sees. Compat: moby `daemon/containerfs_linux.go`; without tmpfs mounts.
 *
 * No lock is held: the container may start, end or be removed meanwhile. Its overlay is borrowed, so that there is
 * only ever one.
 */
export async function openView(context: ContainersContext, container: Container): Promise<View> {
  const borrowed = await context.layers.borrowMount(container.id);
  try {
    announceVolumes(context, container, 'mount');
    // Who uses the volumes, and for whom is laid ready what a start would.
    const id = viewName() as Container['id'];
    const tree = await openTree(context, container, borrowed.rootfs, id);
    return {
      tree,
      async [Symbol.asyncDispose]() {
        await tree[Symbol.asyncDispose]();
        await context.volumes.release(id);
        giveBack(context, container, borrowed);
      },
    };
  } catch (error) {
    giveBack(context, container, borrowed);
    throw error;
  }
}

async function openTree(
  context: ContainersContext,
  { record }: Container,
  rootfs: string,
  id: Container['id'],
): Promise<OpenTree> {
  const readOnly = record.hostConfig.ReadonlyRootfs === true;
  try {
    const user = mapsOwners(record)
      ? await context.rootfs.lookupUser(rootfs, record.config.User, [])
      : NOBODY_IN_PARTICULAR;
    const mounts = await resolveMounts(context, { id, record }, user);
    const binds = mounts.filter(({ type }) => type === 'bind').map(asPrivate);
    return await context.files.open(
      { root: rootfs, readOnly, mounts: [...binds, ...ownFiles(record, readOnly)] },
      { ids: mapOf(context, record.hostConfig) },
    );
  } catch (error) {
    await context.volumes.release(id);
    throw error;
  } finally {
    // Needed only until it is copied.
    context.prepared.release(id);
  }
}

/** For mounts that do not ask whose they are. */
const NOBODY_IN_PARTICULAR = { uid: 0, gid: 0, additionalGids: [], home: '/' };

function mapsOwners({ mountPoints }: ContainerRecord): boolean {
  return Object.values(mountPoints).some(({ Relabel }) => Relabel?.includes('idmap'));
}

function giveBack(context: ContainersContext, container: Container, borrowed: Disposable): void {
  borrowed[Symbol.dispose]();
  announceVolumes(context, container, 'unmount');
}

function asPrivate({ source, destination, options, kind }: ResolvedMount): PrivateMount {
  return {
    source,
    destination,
    kind:
      kind ?? (statSync(source, { throwIfNoEntry: false })?.isDirectory() === false ? 'file' : 'directory'),
    recursive: options.includes('rbind'),
    readOnly: options.includes('ro') || options.includes('rro'),
  };
}

/** The files that a start writes for a container, unless something of the user's is mounted there. */
function ownFiles(record: ContainerRecord, readOnly: boolean): PrivateMount[] {
  const files = [
    [record.resolvConfPath, '/etc/resolv.conf'],
    [record.hostnamePath, '/etc/hostname'],
    [record.hostsPath, '/etc/hosts'],
  ] as const;
  return files
    .filter(([source, destination]) => !record.mountPoints[destination] && existsSync(source))
    .map(([source, destination]) => ({ source, destination, kind: 'file', recursive: false, readOnly }));
}
