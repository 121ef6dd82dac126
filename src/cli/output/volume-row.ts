import type { Volume } from '../../client/mod.ts';
import type { ListFormat, Row } from './format-list.ts';
import { humanSize } from './units.ts';

const UNKNOWN = 'N/A';

/** How `volume ls` lists. */
export const VOLUME_FORMAT: ListFormat = {
  headers: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Label: (name: unknown) => name,
    Links: 'LINKS',
    Size: 'SIZE',
    Group: 'GROUP',
    Availability: 'AVAILABILITY',
    Status: 'STATUS',
  },
  table: '{{.Driver}}\t{{.Name}}',
  goType: '*formatter.volumeContext',
};

/** One volume's fields; what takes how much only `system df` knows. Compat: docker/cli `formatter.volumeContext`. */
export function volumeRow(
  volume: Volume,
  usage?: { Size: number; RefCount: number } | null,
): Row & { Name: string } {
  const labels = volume.Labels ?? {};
  return {
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (name: unknown) => labels[String(name)] ?? '',
    Links: usage ? String(usage.RefCount) : UNKNOWN,
    Size: usage ? humanSize(usage.Size) : UNKNOWN,
    Group: UNKNOWN,
    Availability: UNKNOWN,
    Status: UNKNOWN,
  };
}
