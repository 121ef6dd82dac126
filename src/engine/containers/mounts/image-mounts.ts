import { messageOf } from '../../../base/mod.ts';
import type { ChainId } from '../../../spec/digest.ts';
import type { MountRequest } from '../../../spec/docker/mod.ts';
import type { ContainerRecord, MountPointRecord } from '../../../store/mod.ts';
import type { ContainersContext } from '../context.ts';

/** The mount point of an image, always read-only. The layers are to be held by `holdImageMounts`. `not-found`. */
export function imageMountPoint(
  context: ContainersContext,
  mount: MountRequest,
  destination: string,
): MountPointRecord {
  const image = context.images.resolve(mount.Source ?? '');
  return {
    Type: 'image',
    Name: mount.Source ?? '',
    Source: '',
    Destination: destination,
    Driver: '',
    RW: false,
    Spec: { ...mount, Source: image.id, chainId: image.topLayer },
  };
}

/** Keeps the layers of the images that a container mounts, whatever becomes of the images' names. */
export function holdImageMounts(context: ContainersContext, record: ContainerRecord): void {
  for (const chainId of chainsOf(record)) {
    // Crash: a power cut may have taken it; the start of the container will say so.
    if (context.layers.get(chainId)) context.layers.retain(chainId);
  }
}

/** The opposite, when the container goes. */
export async function releaseImageMounts(context: ContainersContext, record: ContainerRecord): Promise<void> {
  for (const chainId of chainsOf(record)) {
    await context.layers.release(chainId).catch((error: unknown) => {
      context.log.warn('layers of a mounted image stay', { chainId, error: messageOf(error) });
    });
  }
}

function chainsOf({ mountPoints }: ContainerRecord): ChainId[] {
  return Object.values(mountPoints).flatMap(({ Type, Spec }) => {
    const chainId = Type === 'image' ? (Spec?.['chainId'] as ChainId | undefined) : undefined;
    return chainId === undefined ? [] : [chainId];
  });
}
