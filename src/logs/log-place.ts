import { dirname, join } from 'node:path';
import { EngineError } from '../base/mod.ts';
import type { FileLimits } from './driver/file-options.ts';
import { type Driver, resolveDriver } from './driver/options.ts';
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

/** Where a log can be read; throws `unimplemented` in Docker's words for one that cannot. */
export function readablePlace(target: LogTarget, defaults: FileLimits): LogPlace {
  // Other options, as an older data-root may have them, must not keep it from being read.
  const { 'cache-disabled': disabled } = target.config.Config ?? {};
  const options = disabled === undefined ? {} : { 'cache-disabled': disabled };
  const driver = resolveDriver({ Type: target.config.Type, Config: options }, defaults);
  const place = driver.kind === 'none' ? undefined : logPlace(target, driver, undefined);
  if (!place) throw new EngineError('unimplemented', 'configured logging driver does not support reading');
  return place;
}
