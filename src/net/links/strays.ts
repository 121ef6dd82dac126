import { deleteLink } from '../../sys/mod.ts';
import type { Endpoint } from '../net.ts';
import type { OpenSandbox } from '../sandbox/namespace.ts';

/**
 * Takes away what a connect that was cut off left in a running container: macvlan and ipvlan interfaces that no endpoint
 * is for. Those on an interface of the container are its own; ours stand on one of another namespace.
 */
export async function removeStrays({ inside }: OpenSandbox, endpoints: readonly Endpoint[]): Promise<void> {
  const wanted = new Set(endpoints.map(({ interface: name }) => name));
  for (const link of inside.links()) {
    if (link.kind !== 'macvlan' && link.kind !== 'ipvlan') continue;
    if (link.parentElsewhere && !wanted.has(link.name)) await inside.requestSlowly(deleteLink(link.index));
  }
}
