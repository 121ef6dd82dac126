import type { ContainerId, Logger, NetworkId } from '../../base/mod.ts';
import { tryBindPort } from '../../sys/mod.ts';
import type { Firewall } from '../firewall/firewall.ts';
import type { Publication } from '../firewall/port-elements.ts';
import { gather } from '../gather.ts';
import type { Endpoint, Network, PortRequest, Sandbox } from '../net.ts';
import { gatewaysOf } from '../sandbox/gateway.ts';
import type { SandboxService } from '../sandbox/sandbox-service.ts';
import { forwardsOf } from './forwards.ts';
import { PortTable } from './port-table.ts';
import { V6Listeners } from './v6-listeners.ts';

/** How many ports are reserved before others get their turn: each takes two binds. */
const PORTS_AT_ONCE = 50;

/** The published ports of all sandboxes. They lead to the endpoint that has the default route. */
export class PublishedPorts implements SandboxService {
  readonly #ports = new PortTable(tryBindPort);
  readonly #firewall: Firewall;
  readonly #networks: ReadonlyMap<NetworkId, Network>;
  readonly #listeners: V6Listeners;

  constructor(firewall: Firewall, networks: ReadonlyMap<NetworkId, Network>, log: Logger) {
    this.#firewall = firewall;
    this.#networks = networks;
    this.#listeners = new V6Listeners(log);
  }

  async prepare(id: ContainerId, sandbox: Sandbox, ports: readonly PortRequest[]): Promise<void> {
    const network = this.#networks.get(this.#target(sandbox)?.networkId as NetworkId);
    // Compat: without a network, or on an internal one, or one without a bridge, ports are not published.
    if (network?.driver !== 'bridge') return;
    const everywhere = network.hostBindingIpv4 === '0.0.0.0' ? '' : network.hostBindingIpv4;
    for (const [index, port] of ports.entries()) {
      if (index % PORTS_AT_ONCE === PORTS_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
      sandbox.ports.push(...this.#ports.reserve(id, port, everywhere));
    }
  }

  async open(id: ContainerId, sandbox: Sandbox): Promise<void> {
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
    const isPublished = target && this.#networks.get(target.networkId)?.driver === 'bridge';
    if (isPublished && target.endpointId === this.#target(before)?.endpointId) return;
    await this.close(id);
    if (!isPublished) {
      this.release(id, sandbox);
      sandbox.ports = [];
      return;
    }
    if (sandbox.ports.length === 0) await this.prepare(id, sandbox, ports);
    await this.open(id, sandbox);
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

  async #listen({ owner, target, ports }: Publication): Promise<void> {
    if (target) await this.#listeners.open(owner, forwardsOf(ports, target));
  }

  #publicationOf(id: ContainerId, sandbox: Sandbox): Publication | undefined {
    const endpoint = this.#target(sandbox);
    if (!endpoint || sandbox.ports.length === 0) return undefined;
    const network = this.#networks.get(endpoint.networkId);
    const bridge = network?.driver === 'bridge' ? network : undefined;
    return {
      owner: id,
      target: endpoint.ipv4 === '' ? undefined : endpoint.ipv4,
      target6: endpoint.ipv6,
      ports: sandbox.ports,
      routed: bridge?.gatewayModeIpv4 === 'routed',
      routed6: bridge?.gatewayModeIpv6 === 'routed',
      trusting: (bridge?.trustedInterfaces?.length ?? 0) > 0,
    };
  }

  #target(sandbox: Sandbox): Endpoint | undefined {
    return gatewaysOf(sandbox.endpoints, this.#networks).ipv4;
  }
}
