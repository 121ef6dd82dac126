import { EngineError } from '../../../base/mod.ts';
import type { ContainerStats } from '../../../spec/docker/mod.ts';
import type { Container } from '../container.ts';
import type { StatsOptions } from '../containers.ts';
import type { ContainersContext } from '../context.ts';
import { isRunning } from '../life/status.ts';
import { emptyStats, sample } from './sample.ts';

/**
 * What a container uses: one sample a second until the client goes or the container is removed, or one alone, which
 * has the sample before it in `precpu_stats` unless it is a one-shot.
 */
export function stats(
  context: ContainersContext,
  container: Container,
  options: StatsOptions,
): AsyncIterable<ContainerStats> {
  if (options.stream && options.oneShot) {
    throw new EngineError('invalid', 'cannot have stream=true and one-shot=true');
  }
  if (options.stream) return withPrevious(samples(context, container, options.signal));
  const runs = isRunning(container.status) && container.status !== 'restarting';
  if (!runs) return once(() => emptyStats(container));
  if (options.oneShot) return once(() => sample(context, container));
  return second(withPrevious(samples(context, container, options.signal)));
}

function samples(
  context: ContainersContext,
  container: Container,
  signal: AbortSignal,
): AsyncIterable<ContainerStats> {
  const isThere = () => context.directory.get(container.id) === container;
  const take = () => (isThere() ? sample(context, container) : undefined);
  return context.stats.subscribe(container.id, take, { signal });
}

/** Compat: the first one has none before it. */
async function* withPrevious(source: AsyncIterable<ContainerStats>): AsyncGenerator<ContainerStats> {
  let previous: ContainerStats | undefined;
  for await (const next of source) {
    yield previous ? { ...next, preread: previous.read, precpu_stats: previous.cpu_stats } : next;
    previous = next;
  }
}

async function* once(take: () => ContainerStats): AsyncGenerator<ContainerStats> {
  yield take();
}

async function* second(source: AsyncIterable<ContainerStats>): AsyncGenerator<ContainerStats> {
  let isFirst = true;
  for await (const next of source) {
    if (!isFirst) {
      yield next;
      return;
    }
    isFirst = false;
  }
}
