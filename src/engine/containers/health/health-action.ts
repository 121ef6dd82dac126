import { EngineError, HEALTH_ON_FAILURE_LABEL } from '../../../base/mod.ts';

const ACTIONS = ['none', 'restart', 'stop', 'kill'] as const;
type HealthAction = (typeof ACTIONS)[number];

/** What a create request asks for. Throws `invalid` where it is none of the actions. */
export function healthAction(labels: Record<string, string> | null): HealthAction {
  const asked = labels?.[HEALTH_ON_FAILURE_LABEL] ?? 'none';
  const action = ACTIONS.find((known) => known === asked);
  if (action) return action;
  const all = ACTIONS.map((known) => `'${known}'`).join(', ');
  throw new EngineError(
    'invalid',
    `invalid label ${HEALTH_ON_FAILURE_LABEL}: unknown action '${asked}'; use one of ${all}`,
  );
}
