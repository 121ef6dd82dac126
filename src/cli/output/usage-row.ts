import type { DiskUsageAnswer, UsageFigures } from '../../client/mod.ts';
import type { ListFormat, Row } from './format-list.ts';
import { humanSize } from './units.ts';

/** How `system df` lists. */
export const USAGE_FORMAT: ListFormat = {
  headers: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
  raw: 'type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n',
  goType: '*formatter.diskUsageImagesContext',
};

/** One row for each kind of thing. Older engines send lists only: then the figures are counted here, as docker does. */
export function usageRows(answer: DiskUsageAnswer): Row[] {
  return [
    row('Images', answer.ImageUsage ?? imageFigures(answer)),
    row('Containers', answer.ContainerUsage ?? containerFigures(answer)),
    row('Local Volumes', answer.VolumeUsage ?? volumeFigures(answer)),
    row('Build Cache', answer.BuildCacheUsage ?? buildCacheFigures(answer), { percent: false }),
  ];
}

function row(type: string, figures: UsageFigures, { percent = true } = {}): Row {
  const { ActiveCount = 0, TotalCount = 0, TotalSize = 0, Reclaimable = 0 } = figures;
  const share = percent && TotalSize > 0 ? ` (${Math.trunc((Reclaimable * 100) / TotalSize)}%)` : '';
  return {
    Type: type,
    TotalCount: String(TotalCount),
    Active: String(ActiveCount),
    Size: humanSize(TotalSize),
    Reclaimable: `${humanSize(Reclaimable)}${share}`,
  };
}

function imageFigures({ Images, LayersSize = 0 }: DiskUsageAnswer): UsageFigures {
  const images = Images ?? [];
  const used = images.filter(({ Containers }) => Containers !== 0);
  const known = used.filter(({ Size, SharedSize }) => Size !== -1 && SharedSize !== -1);
  return {
    ActiveCount: images.filter(({ Containers }) => Containers > 0).length,
    TotalCount: images.length,
    TotalSize: LayersSize,
    Reclaimable: LayersSize - sum(known.map(({ Size, SharedSize }) => Size - SharedSize)),
  };
}

function containerFigures({ Containers }: DiskUsageAnswer): UsageFigures {
  const containers = Containers ?? [];
  const active = containers.filter(({ State }) => /^(running|paused|restarting)$/.test(State));
  const size = (rows: typeof containers) => sum(rows.map(({ SizeRw = 0 }) => SizeRw));
  return {
    ActiveCount: active.length,
    TotalCount: containers.length,
    TotalSize: size(containers),
    Reclaimable: size(containers) - size(active),
  };
}

function volumeFigures({ Volumes }: DiskUsageAnswer): UsageFigures {
  const known = (Volumes ?? []).map(({ UsageData }) => ({
    Size: UsageData?.Size ?? -1,
    RefCount: UsageData?.RefCount ?? -1,
  }));
  const measured = known.filter(({ Size }) => Size !== -1);
  return {
    ActiveCount: known.filter(({ RefCount }) => RefCount > 0).length,
    TotalCount: known.length,
    TotalSize: sum(measured.map(({ Size }) => Size)),
    Reclaimable: sum(measured.filter(({ RefCount }) => RefCount === 0).map(({ Size }) => Size)),
  };
}

function buildCacheFigures({ BuildCache }: DiskUsageAnswer): UsageFigures {
  const own = (BuildCache ?? []).filter(({ Shared }) => !Shared);
  return {
    ActiveCount: (BuildCache ?? []).filter(({ InUse }) => InUse).length,
    TotalCount: BuildCache?.length ?? 0,
    TotalSize: sum(own.map(({ Size }) => Size)),
    Reclaimable: sum(own.filter(({ InUse }) => !InUse).map(({ Size }) => Size)),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
