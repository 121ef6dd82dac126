import type { IpamConfig, NetworkInspect } from '../../spec/docker/mod.ts';
import type { Filters } from '../filters.ts';

/**
 * The network verbs that the API asks for. A *ref* is a full id, a name, or a unique prefix of an id, in that order
 * (Compat: moby's `getNetwork`). Unknown: `not-found` `network x not found`; several: `invalid`
 * `2 matches found based on name: network x is ambiguous`.
 */
export interface NetworksBackend {
  /** Makes a network that stands on the host before this answers. Errors carry Docker's sentences. */
  create(request: NetworkCreateRequest): Promise<{ id: string; warning: string }>;
  /** `denied` for the predefined ones, and while a running container is in it. */
  remove(ref: string): Promise<void>;
  /** The newest shape; `Containers` is filled. */
  list(filters: Filters): Promise<NetworkInspect[]>;
  /** Removes networks without a running container; the predefined ones stay. Gives the names of what went. */
  prune(filters: Filters): Promise<string[]>;
  /** `scope` restricts the search to `local`, `global` or `swarm` networks. */
  inspect(ref: string, options?: { scope?: string }): Promise<NetworkInspect>;
}

export interface NetworkCreateRequest {
  name: string;
  /** '' = `bridge`. */
  driver: string;
  /** '' or `local`; others belong to swarm mode. */
  scope: string;
  /** undefined = as options say, and then IPv4 alone. */
  enableIpv4: boolean | undefined;
  enableIpv6: boolean | undefined;
  ipam: { driver: string; options: Record<string, string>; config: IpamConfig[] };
  internal: boolean;
  attachable: boolean;
  ingress: boolean;
  configOnly: boolean;
  /** '' = none. */
  configFrom: string;
  options: Record<string, string>;
  labels: Record<string, string>;
}
