import type { Logger } from '../../base/mod.ts';
import type { Net, planSubnets } from '../../net/mod.ts';
import type { NetworkContainer } from '../../spec/docker/mod.ts';
import type { Events } from '../events/mod.ts';
import type { NetworkBook } from './network-book.ts';

type PlanContext = Parameters<typeof planSubnets>[1];

/** What the network verbs work with. */
export interface NetworksContext {
  readonly book: NetworkBook;
  readonly users: NetworkUsers;
  readonly net: NetworkMechanism;
  readonly events: Pick<Events, 'publish'>;
  readonly pools: PlanContext['pools'];
  /** By driver, options of networks that set none of the same name (`default-network-opts`). */
  readonly defaultOptions: Readonly<Record<string, Record<string, string>>>;
  readonly hostSubnets: PlanContext['hostSubnets'];
  /** The subnets of all networks. */
  taken(): PlanContext['taken'];
  /** The bridge networks that there are. */
  bridges(): readonly { id: string; bridge: string }[];
  readonly log: Logger;
}

/** What the host has of networks. */
export type NetworkMechanism = Pick<Net, 'ensureNetwork' | 'removeNetwork' | 'hasInterface'>;

/** What `networks/` asks about containers without importing them; `daemon/` supplies it. */
export interface NetworkUsers {
  /** Endpoints that are up, by network id and container id. */
  endpoints(): ReadonlyMap<string, Record<string, NetworkContainer>>;
}
