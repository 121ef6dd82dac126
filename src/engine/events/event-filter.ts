import type { EventMessage } from '../../spec/docker/mod.ts';
import { familiarRepository, parseReference } from '../../spec/reference.ts';
import { type Filters, matchesLabels, valuesOf } from '../filters.ts';

/** Compat: moby `daemon/events/filter.go`; keys that it does not know count for nothing there. */
export function eventMatches(filters: Filters, event: EventMessage): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  const oneOf = (key: string, test: (value: string) => boolean) => {
    const wanted = valuesOf(filters, key);
    return wanted.length === 0 || wanted.some(test);
  };
  const actor = (key: string, type: string) =>
    oneOf(key, (value) => event.Type === type && (id.startsWith(value) || attributes['name'] === value));
  return (
    oneOf('event', (value) => event.Action === value || event.Action.startsWith(`${value}:`)) &&
    oneOf('type', (value) => event.Type === value) &&
    oneOf('scope', (value) => event.scope === value) &&
    actor('container', 'container') &&
    actor('volume', 'volume') &&
    actor('network', 'network') &&
    actor('daemon', 'daemon') &&
    actor('plugin', 'plugin') &&
    oneOf('image', (value) =>
      // Compat: the `name` of an image, the `image` of anything else.
      [id, attributes[event.Type === 'image' ? 'name' : 'image']].some((name) => isImage(name, value)),
    ) &&
    matchesLabels(filters, attributes)
  );
}

function isImage(name: string | undefined, wanted: string): boolean {
  return name !== undefined && (name === wanted || repositoryOf(name) === wanted);
}

/** Without tag or digest, as people write it; what is no name stays as it is. */
function repositoryOf(name: string): string {
  try {
    return familiarRepository(parseReference(name));
  } catch {
    return name;
  }
}
