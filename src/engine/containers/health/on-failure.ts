import { isEngineError } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { SIGKILL, sendSignal } from '../life/send-signal.ts';
import { restart } from '../restart.ts';
import { stop } from '../stop.ts';

/**
 * Does what was asked for when a container turned unhealthy. `kill` leaves what follows to the restart policy, `stop`
 * is a stop by hand, and `restart` restarts whatever the policy.
 */
export async function actOnFailure(context: ContainersContext, container: Container): Promise<void> {
  const action = container.record.minke.healthOnFailure ?? 'none';
  if (action === 'none') return;
  context.log.info('a container is unhealthy', { id: container.id, action });
  if (action === 'kill') await sendSignal(context, container, SIGKILL);
  else if (action === 'stop') await stop(context, container, {});
  else await restart(context, container, { byHand: false });
}

/** How much it matters that it could not be done. Race: nothing is wrong when somebody removes the container meanwhile. */
export function levelOfLeft(
  { intent, status }: Pick<Container, 'intent' | 'status'>,
  error: unknown,
): 'debug' | 'error' {
  const goes = intent === 'remove' || status === 'removing' || status === 'dead';
  return goes && isEngineError(error) && error.code !== 'internal' ? 'debug' : 'error';
}
