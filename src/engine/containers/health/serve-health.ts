import { isEngineError, messageOf } from '../../../base/mod.ts';
import type { HealthLogEntry } from '../../../spec/docker/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext, save } from '../context.ts';
import type { HealthPlan } from './health-plan.ts';
import { afterCheck } from './health-state.ts';
import { actOnFailure, levelOfLeft } from './on-failure.ts';
import { probe } from './probe.ts';
import { Slots } from './slots.ts';

/** How many checks may be starting at once: what runs already, and be it for its whole timeout, holds nobody up. */
const STARTS_AT_ONCE = 4;

/** From now on health checks are made. */
export function serveHealth(context: ContainersContext): void {
  const starts = new Slots(STARTS_AT_ONCE);
  context.health.serve(async (container, plan, signal) => {
    const entry = await probe(context, container, plan, { starts, signal });
    // Compat: a check that the container's end, or a pause, overtook counts for nothing.
    if (!signal.aborted) take(context, container, plan, entry);
  });
}

function take(
  context: ContainersContext,
  container: Container,
  plan: HealthPlan,
  entry: HealthLogEntry,
): void {
  const { state } = container.record;
  const before = state.health ?? { Status: 'starting', FailingStreak: 0, Log: [] };
  state.health = afterCheck(before, entry, plan, state.startedAt);
  context.health.changed(container);
  const { Status: status } = state.health;
  if (status === before.Status) return;
  try {
    save(context, container);
  } catch (error) {
    context.log.error('the health of a container is not on record', {
      id: container.id,
      error: messageOf(error),
    });
  }
  announce(context, container, `health_status: ${status}`);
  if (status !== 'unhealthy') return;
  actOnFailure(context, container).catch((error: unknown) => {
    // It has ended meanwhile.
    if (isEngineError(error, 'not-modified')) return;
    const fields = { id: container.id, error: messageOf(error) };
    context.log[levelOfLeft(container, error)]('an unhealthy container is left as it is', fields);
  });
}
