import type { EventMessage } from '../../spec/docker/mod.ts';
import type { ApiVersion } from '../http/api-version.ts';

/** The JSON of an event as `version` knows it; undefined if it knows no such event. */
export function eventFor(version: ApiVersion, event: EventMessage): string | undefined {
  if (version.below('1.46') && event.Type === 'image' && event.Action === 'create') return undefined;
  const { timeNano, ...rest } = event;
  const text = JSON.stringify({ ...(version.below('1.52') ? legacyKeys(event) : {}), ...rest });
  // `timeNano` is beyond what a JSON number of JavaScript holds.
  return `${text.slice(0, -1)},"timeNano":${timeNano}}`;
}

function legacyKeys({ Type, Action, Actor }: EventMessage): object {
  if (Type === 'image') return { status: Action, id: Actor.ID };
  if (Type !== 'container') return {};
  const from = Actor.Attributes['image'];
  return { status: Action, id: Actor.ID, ...(from ? { from } : {}) };
}
