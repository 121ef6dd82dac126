import type { NetworkInspect } from '../../spec/docker/mod.ts';
import type { Filters } from '../filters.ts';

/**
 * The network verbs that the API asks for. A *ref* is a full id, a name, or a unique prefix of an id, in that order
 * (Compat: moby's `getNetwork`). Unknown: `not-found` `network x not found`; several: `invalid`
 * `2 matches found based on name: network x is ambiguous`.
 */
export interface NetworksBackend {
  /** The newest shape; `Containers` is filled. Sorted by name. */
  list(filters: Filters): Promise<NetworkInspect[]>;
  /** `scope` restricts the search to `local`, `global` or `swarm` networks. */
  /** Removes networks without a container; the predefined ones stay. Gives the names of what went. */
  prune(filters: Filters): Promise<string[]>;
  inspect(ref: string, options?: { scope?: string }): Promise<NetworkInspect>;
}
