import type { DiskUsageAnswer } from '../../client/mod.ts';
import { containerFormat, containerRow } from './container-row.ts';
import type { ListFormat, Row } from './format-list.ts';
import { imageFormat, imageRows } from './image-row.ts';
import { goTime } from './time.ts';
import { humanDuration, humanSize } from './units.ts';
import { usageRows } from './usage-row.ts';
import { VOLUME_FORMAT, volumeRow } from './volume-row.ts';

/** One part of `system df -v`. */
export interface UsageSection {
  /** As templates name it. */
  key: 'Images' | 'Containers' | 'Volumes' | 'BuildCache';
  title: string;
  format: ListFormat;
  rows: Row[];
}

/** Everything in detail. Compat: docker/cli `formatter.DiskUsageContext`. */
export function usageSections(answer: DiskUsageAnswer, trunc: boolean): UsageSection[] {
  const cacheSize = String(usageRows(answer)[3]?.['Size']);
  return [
    {
      key: 'Images',
      title: 'Images space usage:',
      format: {
        ...imageFormat(false),
        table:
          '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}',
      },
      // Of several names, only the first tag.
      rows: (answer.Images ?? []).flatMap((image) =>
        imageRows(
          { ...image, RepoTags: image.RepoTags?.slice(0, 1) ?? [], RepoDigests: [] },
          { trunc, digests: false },
        ).map((row) => ({ ...row, Digest: '' })),
      ),
    },
    {
      key: 'Containers',
      title: 'Containers space usage:',
      format: {
        ...containerFormat(true),
        table:
          '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}',
      },
      rows: (answer.Containers ?? []).map((container) =>
        containerRow({ ...container, SizeRootFs: 0 }, trunc),
      ),
    },
    {
      key: 'Volumes',
      title: 'Local Volumes space usage:',
      format: { ...VOLUME_FORMAT, table: '{{.Name}}\t{{.Links}}\t{{.Size}}' },
      rows: (answer.Volumes ?? []).map((volume) => volumeRow(volume, volume.UsageData)),
    },
    {
      key: 'BuildCache',
      title: `Build cache usage: ${cacheSize}`,
      format: {
        headers: {
          ID: 'CACHE ID',
          CacheType: 'CACHE TYPE',
          Size: 'SIZE',
          CreatedSince: 'CREATED',
          LastUsedSince: 'LAST USED',
          UsageCount: 'USAGE',
          Shared: 'SHARED',
        },
        table:
          '{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}',
        goType: '*formatter.buildCacheContext',
      },
      rows: (answer.BuildCache ?? []).map((record) => ({
        ID: `${trunc ? record.ID.slice(0, 12) : record.ID}${record.InUse ? '*' : ''}`,
        CacheType: record.Type,
        Size: humanSize(record.Size),
        CreatedSince: since(record.CreatedAt),
        LastUsedSince: since(record.LastUsedAt),
        UsageCount: String(record.UsageCount),
        Shared: String(record.Shared),
        InUse: String(record.InUse),
        Description: record.Description ?? '',
        Parent: record.Parent ?? '',
        CreatedAt: goMoment(record.CreatedAt),
        LastUsedAt: goMoment(record.LastUsedAt),
      })),
    },
  ];
}

/** Go's `Time.String()` of an RFC 3339 time. */
function goMoment(time: string | null | undefined): string {
  return time ? goTime(Math.trunc(Date.parse(time) / 1000)) : '';
}

function since(time: string | null | undefined): string {
  return time ? `${humanDuration((Date.now() - Date.parse(time)) / 1000)} ago` : '';
}
