import { join } from 'node:path';
import type { ContainerRecord } from './container-record.ts';

/**
 * The paths in a record as they are for this data-root. Compat: Docker has none of them before the first start, and
 * works them out anew at each; so a data-root may be moved.
 */
export function withPaths(record: ContainerRecord, dataRoot: string): ContainerRecord {
  const { id } = record;
  const directory = join(dataRoot, 'containers', id);
  const mountPoints = Object.entries(record.mountPoints).map(([destination, point]) => {
    const isOurs = point.Type === 'volume' && (point.Driver === 'local' || point.Driver === '');
    return [
      destination,
      isOurs ? { ...point, Source: join(dataRoot, 'volumes', point.Name, '_data') } : point,
    ];
  });
  return {
    ...record,
    mountPoints: Object.fromEntries(mountPoints),
    logPath: record.hostConfig.LogConfig.Type === 'json-file' ? join(directory, `${id}-json.log`) : '',
    hostnamePath: join(directory, 'hostname'),
    hostsPath: join(directory, 'hosts'),
    resolvConfPath: join(directory, 'resolv.conf'),
  };
}
