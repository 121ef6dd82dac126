import type { MountRequest } from '../../../spec/docker/mod.ts';
import type { MountPointRecord } from '../../../store/mod.ts';
import type { ContainersContext } from '../context.ts';

/**
 * Copies what the image has at a volume's destination into the volume, if that is empty. The container's tree is
 * mounted for it and unmounted again, and so are the volumes that need it. Compat: moby does this at create, not at start.
 */
export async function populateVolumes(
  context: ContainersContext,
  id: string,
  mountPoints: Record<string, MountPointRecord>,
): Promise<void> {
  const volumes = Object.values(mountPoints).filter(
    // A part of a volume is there already, or the start fails.
    ({ Type, Spec }) => Type === 'volume' && Spec?.['noCopy'] !== true && !subpathOf(Spec),
  );
  if (volumes.length === 0) return;
  const rootfs = await context.layers.mount(id);
  try {
    for (const { Destination, Name } of volumes)
      await context.rootfs.copyUp(rootfs, Destination, () => context.volumes.mount(Name, id));
  } finally {
    await context.volumes.release(id);
    await context.layers.unmount(id);
  }
}

function subpathOf(spec: MountPointRecord['Spec']): string | undefined {
  return (spec as Partial<MountRequest> | undefined)?.VolumeOptions?.Subpath;
}
