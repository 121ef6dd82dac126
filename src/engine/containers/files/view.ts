import { statSync } from 'node:fs';
import type { OpenTree } from '../../../store/mod.ts';
import type { PrivateMount } from '../../../sys/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { announceVolumes } from '../resource-events.ts';

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
    const tree = await context.files.open({
      root: borrowed.rootfs,
      readOnly: container.record.hostConfig.ReadonlyRootfs === true,
      mounts: viewMounts(container),
    });
    return {
      tree,
      async [Symbol.asyncDispose]() {
        await tree[Symbol.asyncDispose]();
        giveBack(context, container, borrowed);
      },
    };
  } catch (error) {
    giveBack(context, container, borrowed);
    throw error;
  }
}

function giveBack(context: ContainersContext, container: Container, borrowed: Disposable): void {
  borrowed[Symbol.dispose]();
  announceVolumes(context, container, 'unmount');
}

/** Shallow destinations first, so that none hides another. */
function viewMounts({ record }: Container): PrivateMount[] {
  const mounts: PrivateMount[] = [];
  const points = Object.values(record.mountPoints);
  for (const point of points.sort((a, b) => depth(a.Destination) - depth(b.Destination))) {
    if (point.Type === 'tmpfs') continue;
    const bindOptions = point.Spec?.['BindOptions'] as { NonRecursive?: boolean } | undefined;
    const { Source: source, Destination: destination, RW } = point;
    const recursive = bindOptions?.NonRecursive !== true;
    mounts.push({ source, destination, kind: kindOf(source), recursive, readOnly: !RW });
  }
  const files = [
    [record.resolvConfPath, '/etc/resolv.conf'],
    [record.hostnamePath, '/etc/hostname'],
    [record.hostsPath, '/etc/hosts'],
  ] as const;
  for (const [source, destination] of files) {
    // They are written by a start.
    if (record.mountPoints[destination] || !statSync(source, { throwIfNoEntry: false })) continue;
    const readOnly = record.hostConfig.ReadonlyRootfs === true;
    mounts.push({ source, destination, kind: 'file', recursive: false, readOnly });
  }
  return mounts;
}

function kindOf(source: string): 'directory' | 'file' {
  const stat = statSync(source, { throwIfNoEntry: false });
  return stat && !stat.isDirectory() ? 'file' : 'directory';
}

function depth(path: string): number {
  return path.split('/').length;
}
