import { dirname, join } from 'node:path';
import type { Driver } from './driver/options.ts';
import type { LogTarget } from './logs.ts';
import type { LogPlace } from './read/read-records.ts';

/**
 * Where a container's log is. Compat: `local` and the cache of drivers that send have Docker's names beside the
 * record; inspect shows neither.
 */
export function logPlace(
  target: LogTarget,
  driver: Driver & { kind: 'file' },
  notePath: string | undefined,
): LogPlace | undefined {
  const { format } = driver;
  switch (driver.place) {
    case 'json-file':
      return { path: target.path, format };
    case 'local':
      return { path: join(target.directory, 'local-logs/container.log'), format };
    case 'cache':
      return { path: join(target.directory, 'container-cached.log'), format };
    case 'spool':
      return notePath === undefined ? undefined : { path: join(dirname(notePath), 'spool.log'), format };
  }
}
