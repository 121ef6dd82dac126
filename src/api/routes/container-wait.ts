import { EngineError } from '../../base/mod.ts';
import {
  type Containers,
  WAIT_CONDITIONS,
  type WaitCondition,
  type WaitResult,
} from '../../engine/containers/mod.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';

export function waitRoute(containers: Pick<Containers, 'wait'>): Route {
  return { method: 'POST', path: '/containers/*name/wait', handle: (request) => wait(containers, request) };
}

/**
 * Compat: from 1.30 on the head goes out as soon as the wait is registered; clients start the container only then.
 */
async function wait(containers: Pick<Containers, 'wait'>, request: ApiRequest): Promise<Reply> {
  const { version, signal } = request;
  const condition = conditionOf(request);
  const { exit } = await containers.wait(request.param('name'), condition, { signal });
  // A rejection before anybody awaits it must not count as unhandled.
  exit.catch(() => {});
  return stream('application/json', async (out) => {
    if (version.atLeast('1.30')) out.begin();
    const result = await exit;
    // Before 1.34 an empty body was the only way to say that the removal failed.
    if (condition === 'removed' && result.error !== undefined && version.below('1.34')) return;
    await out.write(`${JSON.stringify(answer(result))}\n`);
  });
}

function answer({ statusCode, error }: WaitResult): object {
  return { StatusCode: statusCode, ...(error === undefined ? {} : { Error: { Message: error } }) };
}

function conditionOf({ query, version }: ApiRequest): WaitCondition {
  const text = version.below('1.30') ? '' : query.text('condition');
  const condition = WAIT_CONDITIONS.find((known) => known === (text || 'not-running'));
  if (condition === undefined) {
    throw new EngineError('invalid', `invalid condition: ${JSON.stringify(text)}`);
  }
  return condition;
}
