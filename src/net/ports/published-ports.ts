import { Cleanup, type ContainerId, type Logger, type NetworkId } from '../../base/mod.ts';
import { tryBindPort } from '../../sys/mod.ts';
import type { Firewall } from '../firewall/firewall.ts';
import type { Publication } from '../firewall/port-elements.ts';
import { gather } from '../gather.ts';
import type { BridgeNetwork, Endpoint, HostPolicy, Network, PortRequest, Sandbox } from '../net.ts';
import { gatewaysOf } from '../sandbox/gateway.ts';
import type { SandboxService } from '../sandbox/sandbox-service.ts';
import { forwardsOf } from './forwards.ts';
import { matchPorts } from './match-ports.ts';
import { PortTable } from './port-table.ts';
import { V6Listeners } from './v6-listeners.ts';

/** How many ports are reserved before others get their turn: each takes two binds. */
const PORTS_AT_ONCE = 50;

/** The published ports of all sandboxes. They lead to the endpoint that has the default route. */
export class PublishedPorts implements SandboxService {
  readonly #ports = new PortTable(tryBindPort);
  readonly #firewall: Firewall;
  readonly #networks: ReadonlyMap<NetworkId, Network>;
  readonly #policy: HostPolicy;
  readonly #log: Logger;
  readonly #listeners: V6Listeners;

  constructor(
    firewall: Firewall,
    networks: ReadonlyMap<NetworkId, Network>,
    policy: HostPolicy,
    log: Logger,
  ) {
    this.#firewall = firewall;
    this.#policy = policy;
    this.#log = log;
    this.#networks = networks;
    this.#listeners = new V6Listeners(log);
  }

  async prepare(id: ContainerId, sandbox: Sandbox, ports: readonly PortRequest[]): Promise<void> {
    const network = this.#bridgeOf(this.#target(sandbox));
    // Compat: without a network, or on an internal one, or one without a bridge, ports are not published.
    if (!network) return;
    const everywhere = everywhereOf(network);
    for (const [index, port] of ports.entries()) {
      if (index % PORTS_AT_ONCE === PORTS_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
      sandbox.ports.push(...this.#ports.reserve(id, port, everywhere));
    }
  }

  async open(id: ContainerId, sandbox: Sandbox): Promise<void> {
    // One without networks starts also where there is no nft.
    if (sandbox.endpoints.length === 0) return;
    await this.#firewall.check();
    const publication = this.#publicationOf(id, sandbox);
    if (!publication) return;
    await this.#firewall.publish(publication);
    await this.#listen(publication);
  }

  /** Compat: the ports move with the default route. Ours keep their numbers. */
  async change(
    id: ContainerId,
    sandbox: Sandbox,
    { before, ports }: { before: Sandbox; ports: readonly PortRequest[] },
  ): Promise<void> {
    const target = this.#target(sandbox);
    const isPublished = this.#bridgeOf(target) !== undefined;
    const [now, was] = [this.#targets(sandbox), this.#targets(before)];
    const isSame = (['ipv4', 'ipv6'] as const).every(
      (family) => now[family]?.endpointId === was[family]?.endpointId,
    );
    if (isPublished && isSame) return;
    if (!isPublished) {
      await this.close(id);
      this.release(id, sandbox);
      sandbox.ports = [];
      return;
    }
    this.#listeners.close(id);
    if (sandbox.ports.length === 0) await this.prepare(id, sandbox, ports);
    // What is led elsewhere now is changed in one transaction.
    await this.open(id, sandbox);
  }

  /** Publishes what is asked for and nothing else; what is there already stays. On failure all is as it was. */
  async update(id: ContainerId, before: Sandbox, requests: readonly PortRequest[]): Promise<Sandbox> {
    const network = this.#bridgeOf(this.#target(before));
    if (!network) return before;
    const { kept, surplus, missing } = matchPorts(before.ports, requests, everywhereOf(network));
    const sandbox = { ...before, ports: kept };
    await using cleanup = new Cleanup((what, error) =>
      this.#log.warn('undo failed', { what, container: id, error }),
    );
    // Given back first: another of the container's ports may want the number.
    this.#ports.release(id, surplus);
    cleanup.defer('keep the ports', () => {
      for (const port of surplus) this.#ports.adopt(id, port);
    });
    cleanup.defer('publish as before', () => this.#reopen(id, before));
    cleanup.defer('release new ports', () => {
      this.#ports.release(
        id,
        sandbox.ports.filter((port) => !kept.includes(port)),
      );
    });
    sandbox.ports = [...kept];
    await this.prepare(id, sandbox, missing);
    await this.#reopen(id, sandbox);
    cleanup.keep();
    return sandbox;
  }

  async #reopen(id: ContainerId, sandbox: Sandbox): Promise<void> {
    this.#listeners.close(id);
    if (sandbox.ports.length === 0) this.#firewall.unpublish(id);
    else await this.open(id, sandbox);
  }

  async close(id: ContainerId): Promise<void> {
    await gather([() => this.#listeners.close(id), () => this.#firewall.unpublish(id)]);
  }

  release(id: ContainerId, sandbox: Sandbox | undefined): void {
    this.#ports.release(id, sandbox?.ports ?? []);
  }

  async restore(live: readonly { id: ContainerId; sandbox: Sandbox }[]): Promise<void> {
    this.closeAll();
    this.#ports.clear();
    for (const { id, sandbox } of live) for (const port of sandbox.ports) this.#ports.adopt(id, port);
    const publications = live.flatMap(({ id, sandbox }) => this.#publicationOf(id, sandbox) ?? []);
    await this.#firewall.restore(publications);
    for (const publication of publications) await this.#listen(publication);
  }

  closeAll(): void {
    this.#listeners.closeAll();
  }

  async #listen(publication: Publication): Promise<void> {
    await this.#listeners.open(publication.owner, forwardsOf(publication, this.#policy));
  }

  #publicationOf(id: ContainerId, sandbox: Sandbox): Publication | undefined {
    const { ipv4, ipv6 } = this.#targets(sandbox);
    if ((!ipv4 && !ipv6) || sandbox.ports.length === 0) return undefined;
    const bridge4 = this.#bridgeOf(ipv4);
    const bridge6 = this.#bridgeOf(ipv6);
    return {
      owner: id,
      target: ipv4?.ipv4 || undefined,
      target6: ipv6?.ipv6 || undefined,
      ports: sandbox.ports,
      routed: bridge4?.gatewayModeIpv4 === 'routed',
      routed6: bridge6?.gatewayModeIpv6 === 'routed',
      trusting: [bridge4, bridge6].some((bridge) => (bridge?.trustedInterfaces?.length ?? 0) > 0),
    };
  }

  /** The endpoint whose network decides whether, and where, ports are published. */
  #target(sandbox: Sandbox): Endpoint | undefined {
    const { ipv4, ipv6 } = this.#targets(sandbox);
    return ipv4 ?? ipv6;
  }

  #targets(sandbox: Sandbox) {
    return gatewaysOf(sandbox.endpoints, this.#networks);
  }

  #bridgeOf(endpoint: Endpoint | undefined): BridgeNetwork | undefined {
    const network = endpoint && this.#networks.get(endpoint.networkId);
    return network?.driver === 'bridge' ? network : undefined;
  }
}

/** Where a request without an address is published. */
function everywhereOf({ hostBindingIpv4 }: BridgeNetwork): string {
  return hostBindingIpv4 === '0.0.0.0' ? '' : hostBindingIpv4;
}
