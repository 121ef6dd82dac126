import type { Containers } from '../../engine/containers/mod.ts';
import type { ContainerStats } from '../../spec/docker/mod.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';
import { statsText } from '../versions/stats.ts';

export function statsRoute(containers: Pick<Containers, 'stats'>): Route {
  return {
    method: 'GET',
    path: '/containers/*name/stats',
    handle: (request) => stats(containers, request),
  };
}

async function stats(containers: Pick<Containers, 'stats'>, request: ApiRequest): Promise<Reply> {
  const { query, version, signal } = request;
  const options = {
    stream: query.bool('stream', true),
    // Compat: not read before 1.41.
    oneShot: version.atLeast('1.41') && query.bool('one-shot'),
    signal,
  };
  const samples = containers.stats(request.param('name'), options);
  if (options.stream) {
    return stream('application/json', async (out) => {
      out.begin();
      for await (const sample of samples) await out.write(statsText(version, sample));
    });
  }
  return { kind: 'json', status: 200, text: await firstOf(samples, (sample) => statsText(version, sample)) };
}

/** Nothing where the client has gone meanwhile. */
async function firstOf(
  samples: AsyncIterable<ContainerStats>,
  text: (sample: ContainerStats) => string,
): Promise<string> {
  for await (const sample of samples) return text(sample);
  return '';
}
