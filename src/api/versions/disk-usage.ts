import type { DiskUsage, Usage } from '../../engine/system/mod.ts';
import type { ImageSummary } from '../../spec/docker/mod.ts';
import type { ApiVersion } from '../http/api-version.ts';
import { summaryFor as containerFor } from './containers.ts';
import { summaryFor as imageFor } from './images.ts';

/**
 * The answer of `GET /system/df` as `version` knows it. From 1.52 on there is one object for each kind; a client that
 * said nothing about `verbose` gets the lists of before beside them.
 */
export function diskUsageFor(version: ApiVersion, usage: DiskUsage, verbose: boolean | undefined): object {
  const rows = rowsFor(version, usage);
  if (version.below('1.52')) return legacy(version, usage, rows);
  return {
    ...(verbose === undefined ? legacy(version, usage, rows) : {}),
    ...modern(usage, rows, verbose ?? true),
  };
}

interface Rows {
  images?: object[];
  containers?: object[];
  volumes?: object[];
  buildCache?: object[];
}

function rowsFor(version: ApiVersion, { images, containers, volumes, buildCache }: DiskUsage): Rows {
  return {
    ...(images && { images: images.items.map((row) => countedImage(version, row)) }),
    ...(containers && { containers: containers.items.map((row) => containerFor(version, row)) }),
    ...(volumes && { volumes: volumes.items }),
    ...(buildCache && { buildCache: buildCache.items }),
  };
}

/** Here containers were counted at every version. */
function countedImage(version: ApiVersion, row: ImageSummary): object {
  return { ...imageFor(version, row), Containers: row.Containers };
}

function legacy(version: ApiVersion, usage: DiskUsage, rows: Rows): object {
  const { images } = usage;
  return {
    // Compat: 0 is left out by versions that have the new keys.
    ...(images && (version.below('1.52') || images.totalSize > 0) ? { LayersSize: images.totalSize } : {}),
    ...(rows.images && { Images: rows.images }),
    ...(rows.containers && { Containers: rows.containers }),
    ...(rows.volumes && { Volumes: rows.volumes }),
    ...(rows.buildCache && { BuildCache: rows.buildCache }),
    ...(version.below('1.42') ? { BuilderSize: usage.buildCache?.totalSize ?? 0 } : {}),
  };
}

function modern(usage: DiskUsage, rows: Rows, verbose: boolean): object {
  const { images, containers, volumes, buildCache } = usage;
  const items = (list: object[] | undefined) => (verbose ? list : undefined);
  return {
    ...(images && { ImageUsage: figures(images, items(rows.images)) }),
    ...(containers && { ContainerUsage: figures(containers, items(rows.containers)) }),
    ...(volumes && { VolumeUsage: figures(volumes, items(rows.volumes)) }),
    ...(buildCache && { BuildCacheUsage: figures(buildCache, items(rows.buildCache)) }),
  };
}

/** Compat: what is 0 or empty is left out. */
function figures(usage: Usage<unknown>, items: object[] | undefined): object {
  const all = {
    ActiveCount: usage.active,
    TotalCount: usage.items.length,
    Reclaimable: usage.reclaimable,
    TotalSize: usage.totalSize,
  };
  return {
    ...Object.fromEntries(Object.entries(all).filter(([, figure]) => figure !== 0)),
    ...(items && items.length > 0 ? { Items: items } : {}),
  };
}
