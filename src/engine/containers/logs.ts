import { EngineError } from '../../base/mod.ts';
import type { LogRecord } from '../../logs/mod.ts';
import type { Container } from './container.ts';
import type { LogsOptions } from './containers.ts';
import type { ContainersContext } from './context.ts';
import { logTarget } from './set-up/log-target.ts';

/** Records of a container's log, oldest first. */
export function logs(
  context: ContainersContext,
  container: Container,
  options: LogsOptions,
): { tty: boolean; records: AsyncIterable<LogRecord> } {
  if (!options.stdout && !options.stderr) {
    throw new EngineError('invalid', 'Bad parameters: you must choose at least one stream');
  }
  if (container.status === 'removing' || container.status === 'dead') {
    throw new EngineError('conflict', 'can not get logs from container which is dead or marked for removal');
  }
  return {
    tty: container.record.config.Tty,
    records: context.logs.read(logTarget(context, container), options),
  };
}
