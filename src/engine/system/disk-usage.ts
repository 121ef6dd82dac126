import type { ContainerSummary, ImageSummary } from '../../spec/docker/mod.ts';
import type { ContainerListOptions } from '../containers/mod.ts';
import { NO_FILTERS } from '../filters.ts';
import type { Images } from '../images/mod.ts';
import type { VolumesBackend, VolumeWithUsage } from '../volumes/mod.ts';

/** Kinds of things that take space, as the API calls them. */
export const USAGE_TYPES = ['container', 'image', 'volume', 'build-cache'] as const;
export type UsageType = (typeof USAGE_TYPES)[number];

/** What one kind of thing takes. Bytes. */
export interface Usage<Item> {
  /** In use. */
  active: number;
  totalSize: number;
  /** What removing all that is not in use would free. */
  reclaimable: number;
  items: Item[];
}

/** Only the kinds that were asked for. */
export interface DiskUsage {
  images?: Usage<ImageSummary>;
  containers?: Usage<ContainerSummary>;
  volumes?: Usage<VolumeWithUsage>;
  buildCache?: Usage<never>;
}

/** The nouns that are measured. */
export interface DiskUsageSources {
  images: Pick<Images, 'list' | 'usage'>;
  containers: { list(options: ContainerListOptions): Promise<ContainerSummary[]> };
  volumes: Pick<VolumesBackend, 'usage'>;
}

/**
 * Measures what is on the disk. Trees of containers and volumes are walked, on the disk thread; requests that come
 * while one is under way get its answer.
 */
export function createDiskUsage(
  sources: DiskUsageSources,
): (types: ReadonlySet<UsageType>) => Promise<DiskUsage> {
  const images = shared(() => ofImages(sources.images));
  const containers = shared(() => ofContainers(sources.containers));
  const volumes = shared(() => ofVolumes(sources.volumes));
  return async (types) => {
    const [image, container, volume] = await Promise.all([
      types.has('image') ? images() : undefined,
      types.has('container') ? containers() : undefined,
      types.has('volume') ? volumes() : undefined,
    ]);
    return {
      ...(image && { images: image }),
      ...(container && { containers: container }),
      ...(volume && { volumes: volume }),
      // Nothing is built yet, so there is no cache.
      ...(types.has('build-cache') && { buildCache: { active: 0, totalSize: 0, reclaimable: 0, items: [] } }),
    };
  };
}

async function ofImages(images: DiskUsageSources['images']): Promise<Usage<ImageSummary>> {
  const items = await images.list({ all: false, filters: NO_FILTERS, sharedSize: true });
  const { total, reclaimable } = images.usage();
  const active = items.filter(({ Containers }) => Containers > 0).length;
  return { active, totalSize: total, reclaimable, items };
}

async function ofContainers(containers: DiskUsageSources['containers']): Promise<Usage<ContainerSummary>> {
  const items = await containers.list({ all: true, limit: 0, size: true, filters: NO_FILTERS });
  const isActive = ({ State }: ContainerSummary) =>
    State === 'running' || State === 'paused' || State === 'restarting';
  const sum = (rows: ContainerSummary[]) => rows.reduce((bytes, { SizeRw = 0 }) => bytes + SizeRw, 0);
  return {
    active: items.filter(isActive).length,
    totalSize: sum(items),
    reclaimable: sum(items.filter((row) => !isActive(row))),
    items,
  };
}

async function ofVolumes(volumes: DiskUsageSources['volumes']): Promise<Usage<VolumeWithUsage>> {
  const items = await volumes.usage();
  const isActive = ({ UsageData }: VolumeWithUsage) => UsageData.RefCount > 0;
  const sum = (rows: VolumeWithUsage[]) => rows.reduce((bytes, { UsageData }) => bytes + UsageData.Size, 0);
  return {
    active: items.filter(isActive).length,
    totalSize: sum(items),
    reclaimable: sum(items.filter((row) => !isActive(row))),
    items,
  };
}

/** Calls that come while one is under way share its result. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}
