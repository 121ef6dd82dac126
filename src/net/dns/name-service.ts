import type { ContainerId, Logger, NetworkId } from '../../base/mod.ts';
import type { Endpoint, Network, Sandbox } from '../net.ts';
import { byGateway } from '../sandbox/gateway.ts';
import type { SandboxService } from '../sandbox/sandbox-service.ts';
import { Names } from './names.ts';
import type { SandboxView } from './protocol.ts';

/** How many servers are opened before others get their turn: each takes about half a millisecond. */
const SERVERS_AT_ONCE = 20;

/** Names of sandboxes as they come and go: who is called what, and a server in each that asked for one. */
export class NameService implements SandboxService {
  readonly #names: Names;
  readonly #networks: ReadonlyMap<NetworkId, Network>;
  readonly #log: Logger;

  constructor(networks: ReadonlyMap<NetworkId, Network>, log: Logger) {
    this.#networks = networks;
    this.#log = log;
    this.#names = new Names(log);
  }

  async open(id: ContainerId, sandbox: Sandbox): Promise<void> {
    this.#tell(id, sandbox);
  }

  async change(id: ContainerId, sandbox: Sandbox, { before }: { before: Sandbox }): Promise<void> {
    const kept = new Set(sandbox.endpoints.map(({ endpointId }) => endpointId));
    for (const endpoint of before.endpoints) {
      if (!kept.has(endpoint.endpointId)) this.#names.removeHost(endpoint);
    }
    if (!sandbox.resolver) this.#names.drop(id);
    this.#tell(id, sandbox);
  }

  async rename(id: ContainerId, sandbox: Sandbox): Promise<void> {
    this.#tellHosts(id, sandbox);
  }

  async close(id: ContainerId, sandbox: Sandbox | undefined): Promise<void> {
    for (const endpoint of sandbox?.endpoints ?? []) this.#names.removeHost(endpoint);
    this.#names.drop(id);
  }

  async restore(live: readonly { id: ContainerId; sandbox: Sandbox }[]): Promise<void> {
    this.#names.clear();
    // Names first: who asks as soon as its server is there finds everybody.
    for (const { id, sandbox } of live) this.#tellHosts(id, sandbox);
    let opened = 0;
    for (const { id, sandbox } of live) {
      if (!sandbox.resolver) continue;
      this.#serve(id, sandbox);
      if (++opened % SERVERS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The daemon ends. Containers ask in vain until the next one has opened servers anew. */
  closeAll(): void {
    this.#names.close();
  }

  #tell(id: ContainerId, sandbox: Sandbox): void {
    this.#tellHosts(id, sandbox);
    this.#serve(id, sandbox);
  }

  #tellHosts(id: ContainerId, { endpoints }: Sandbox): void {
    for (const endpoint of endpoints) {
      const { networkId, endpointId, names = [], ipv4, ipv6 } = endpoint;
      const networkName = this.#networks.get(networkId)?.name;
      if (networkName === undefined || names.length === 0) continue;
      const addresses = { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
      this.#names.addHost({ networkId, networkName, endpointId, containerId: id, names, ...addresses });
    }
  }

  /** Compat: a container whose server cannot be opened runs without. Docker logs it, too. */
  #serve(id: ContainerId, sandbox: Sandbox): void {
    if (!sandbox.resolver) return;
    try {
      this.#names.serve(id, sandbox.netns, this.#viewOf(sandbox));
    } catch (error) {
      this.#log.error('a container has no name server', { container: id, error });
    }
  }

  #viewOf({ endpoints, resolver }: Sandbox): SandboxView {
    const ordered = [...endpoints].sort(byGateway(this.#networks));
    return {
      networks: ordered.map(({ networkId, links = {} }) => ({
        id: networkId,
        links: Object.entries(links).map(([alias, containerId]) => ({ alias, containerId })),
      })),
      upstreams: resolver?.upstreams ?? [],
      reachesOutside: endpoints.some((endpoint) => this.#leadsOut(endpoint)),
      ndotsSet: resolver?.ndotsSet ?? false,
    };
  }

  /** Compat: libnetwork `hasExternalAccess`. */
  #leadsOut({ networkId, gateway, ipv6Gateway }: Endpoint): boolean {
    return this.#networks.get(networkId)?.internal === false && Boolean(gateway || ipv6Gateway);
  }
}
