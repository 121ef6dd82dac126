import type { LogTarget } from '../../logs/mod.ts';
import type { Container } from './container.ts';

/** Where a container's output is kept. */
export function logTarget(container: Container): LogTarget {
  const { record } = container;
  return {
    id: container.id,
    config: record.hostConfig.LogConfig,
    path: record.logPath,
    tty: record.config.Tty,
  };
}
