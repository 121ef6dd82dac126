import type { ContainerAbout, LogTarget } from '../../../logs/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';

/** Where a container's output is kept, and what its log driver says of it. */
export function logTarget(
  context: Pick<ContainersContext, 'records'>,
  container: Container,
): LogTarget & { about: ContainerAbout } {
  const { record } = container;
  return {
    id: container.id,
    config: record.hostConfig.LogConfig,
    path: record.logPath,
    directory: context.records.directory(container.id),
    tty: record.config.Tty,
    about: {
      id: container.id,
      name: container.name,
      path: record.path,
      args: record.args,
      imageId: record.image,
      imageName: record.config.Image,
      created: record.created,
      env: record.config.Env ?? [],
      labels: record.config.Labels ?? {},
    },
  };
}
