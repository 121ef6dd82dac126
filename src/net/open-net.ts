import { Cleanup, type ContainerId, EngineError, type Logger } from '../base/mod.ts';
import { Rtnetlink, tryBindPort } from '../sys/mod.ts';
import { ensureBridgeLink, removeLinks } from './bridge/bridge.ts';
import { Firewall } from './firewall/firewall.ts';
import type { Publication } from './firewall/port-elements.ts';
import { forwardPackets } from './forward-packets.ts';
import { gather } from './gather.ts';
import { parseSubnet } from './ipam/address.ts';
import { AddressPool } from './ipam/address-pool.ts';
import { macOfAddress } from './ipam/mac.ts';
import type { BridgeNetwork, Endpoint, EndpointRequest, Net, Sandbox, SandboxRequest } from './net.ts';
import { forwardsOf } from './ports/forwards.ts';
import { PortTable } from './ports/port-table.ts';
import { V6Listeners } from './ports/v6-listeners.ts';
import { addEndpoint, cutEndpoint, hostInterfaceName, repairEndpoint } from './sandbox/endpoint.ts';
import { Namespaces } from './sandbox/namespace.ts';
import { removeOrphans } from './sandbox/orphans.ts';

export interface NetOptions {
  /** Namespaces are pinned in `<execRoot>/netns`. */
  execRoot: string;
  log: Logger;
  /** Name of the nftables table, `minke` unless given: daemons beside each other need one each. */
  tableName?: string;
}

/** The network of one daemon. Call `open`, then `ensureBridge` for each network, then `restore`. */
export function openNet(options: NetOptions): Net {
  return new KernelNet(options);
}

/** How many ports are reserved before others get their turn: each takes two binds. */
const PORTS_AT_ONCE = 50;

class KernelNet implements Net {
  readonly #log: Logger;
  readonly #namespaces: Namespaces;
  readonly #addresses = new AddressPool();
  readonly #ports = new PortTable(tryBindPort);
  readonly #firewall: Firewall;
  readonly #listeners: V6Listeners;
  /** By interface name. */
  readonly #networks = new Map<string, BridgeNetwork>();
  readonly #live = new Map<ContainerId, Sandbox>();
  /** Networks and addresses that ever had a hardware address that somebody chose. */
  readonly #chosenMacs = new Set<string>();
  #rtnetlink: Rtnetlink | undefined;

  constructor({ execRoot, log, tableName = 'minke' }: NetOptions) {
    if (!/^[a-z][a-z0-9_]{0,30}$/i.test(tableName))
      throw new EngineError('invalid', `table name ${tableName}`);
    this.#log = log;
    this.#namespaces = new Namespaces(execRoot);
    this.#firewall = new Firewall({ table: tableName, execRoot, log, ipv6: true });
    this.#listeners = new V6Listeners(log);
  }

  async open(): Promise<void> {
    this.#namespaces.open();
    this.#rtnetlink ??= new Rtnetlink();
    forwardPackets();
    await this.#firewall.open();
    for (const network of this.#networks.values()) await this.ensureBridge(network);
  }

  async close(): Promise<void> {
    this.#listeners.closeAll();
    this.#firewall.close();
    this.#rtnetlink?.[Symbol.dispose]();
    this.#rtnetlink = undefined;
  }

  async takeDown({ foreign }: { foreign: readonly string[] }): Promise<void> {
    if (this.#live.size > 0) throw new EngineError('conflict', 'containers use the network');
    const networks = [...this.#networks.values()];
    this.#networks.clear();
    await gather([
      () => this.#firewall.remove(),
      () => removeLinks(networks.map(({ bridge }) => bridge).filter((bridge) => !foreign.includes(bridge))),
    ]);
  }

  async ensureBridge(network: BridgeNetwork): Promise<void> {
    ensureBridgeLink(this.#host(), network);
    this.#networks.set(network.bridge, network);
    await this.#firewall.addBridge(network);
  }

  async removeBridge(network: BridgeNetwork): Promise<void> {
    this.#networks.delete(network.bridge);
    await gather([() => this.#firewall.removeBridge(network), () => removeLinks([network.bridge])]);
  }

  async setUp(request: SandboxRequest): Promise<Sandbox> {
    const { id } = request;
    if (this.#live.has(id))
      throw new EngineError('conflict', `container ${id} has a network sandbox already`);
    const sandbox: Sandbox = { netns: this.#namespaces.path(id), endpoints: [], ports: [] };
    this.#live.set(id, sandbox);
    await using cleanup = new Cleanup((what, error) =>
      this.#log.warn('undo failed', { what, container: id, error }),
    );
    cleanup.defer('tear down', () => this.tearDown(id, sandbox));
    for (const [index, endpoint] of request.endpoints.entries()) {
      sandbox.endpoints.push(this.#allocate(endpoint, `eth${index}`));
    }
    await this.#reserve(request, sandbox);
    {
      using namespace = this.#namespaces.create(id, request.namespace);
      for (const [index, { network }] of request.endpoints.entries()) {
        const endpoint = sandbox.endpoints[index];
        if (!endpoint) continue;
        const announce = this.#needsAnnouncement(endpoint);
        addEndpoint(this.#host(), namespace, endpoint, network, { primary: index === 0, announce });
      }
    }
    await this.#publish(id, sandbox);
    cleanup.keep();
    return structuredClone(sandbox);
  }

  async tearDown(id: ContainerId, sandbox: Sandbox | undefined): Promise<void> {
    const known = this.#live.get(id);
    const release = () => {
      this.#live.delete(id);
      this.#ports.release(id, known?.ports ?? []);
      for (const { networkId, ipv4, endpointId } of known?.endpoints ?? []) {
        this.#addresses.release(networkId, ipv4, endpointId);
      }
    };
    await gather([
      () => this.#listeners.close(id),
      () => this.#firewall.unpublish(id),
      ...((known ?? sandbox)?.endpoints.map(
        ({ hostInterface }) =>
          () =>
            cutEndpoint(this.#host(), hostInterface),
      ) ?? []),
      () => this.#namespaces.remove(id),
      // Only now may others have them, and also where something failed: else the container could not start again.
      // What an older life of the container had may be another's by now.
      release,
    ]);
  }

  async restore(live: { id: ContainerId; sandbox: Sandbox }[]): Promise<void> {
    this.#listeners.closeAll();
    this.#live.clear();
    this.#addresses.clear();
    this.#ports.clear();
    for (const { id, sandbox } of live) {
      this.#live.set(id, structuredClone(sandbox));
      for (const endpoint of sandbox.endpoints) {
        this.#needsAnnouncement(endpoint);
        this.#addresses.adopt(endpoint.networkId, endpoint.ipv4, endpoint.endpointId);
        const network = this.#networks.get(endpoint.bridge);
        this.#try('cannot repair an interface', { container: id, ...endpoint }, () => {
          if (network && repairEndpoint(this.#host(), endpoint, network)) return;
          this.#log.warn('an interface of a running container is gone', { container: id, ...endpoint });
        });
      }
      for (const port of sandbox.ports) this.#ports.adopt(id, port);
    }
    await this.#firewall.restore(live.flatMap(({ id, sandbox }) => this.#publicationOf(id, sandbox) ?? []));
    await removeOrphans({
      host: this.#host(),
      namespaces: this.#namespaces,
      bridges: [...this.#networks.keys()],
      live: this.#live,
      log: this.#log,
    });
    for (const { id, sandbox } of live) await this.#listeners.open(id, forwardsOf(sandbox));
  }

  /** One container's trouble must not keep the daemon from starting. */
  #try(what: string, fields: Record<string, unknown>, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#log.error(what, { ...fields, error });
    }
  }

  #allocate({ endpointId, network, ipv4: wanted, mac }: EndpointRequest, name: string): Endpoint {
    const ipv4 = this.#addresses.allocate(network, endpointId, wanted);
    return {
      endpointId,
      networkId: network.id,
      bridge: network.bridge,
      interface: name,
      hostInterface: hostInterfaceName(endpointId),
      mac: mac ?? macOfAddress(ipv4),
      ipv4,
      prefixLength: parseSubnet(network.subnet)?.prefixLength ?? 32,
      gateway: network.gateway,
    };
  }

  /**
   * Whether neighbours may remember another hardware address. Not where it is made of the address, now and before. Why
   * not: always. A broadcast goes to all ports of the bridge: 3 ms in the start of the 700th container.
   */
  #needsAnnouncement({ networkId, ipv4, mac }: Endpoint): boolean {
    const key = `${networkId} ${ipv4}`;
    if (mac !== macOfAddress(ipv4)) this.#chosenMacs.add(key);
    return this.#chosenMacs.has(key);
  }

  async #reserve(request: SandboxRequest, sandbox: Sandbox): Promise<void> {
    const network = request.endpoints[0]?.network;
    // Compat: without a network, or on an internal one, ports are not published.
    if (!network || network.internal) return;
    const everywhere = network.hostBindingIpv4 === '0.0.0.0' ? '' : network.hostBindingIpv4;
    for (const [index, port] of request.ports.entries()) {
      if (index % PORTS_AT_ONCE === PORTS_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
      sandbox.ports.push(...this.#ports.reserve(request.id, port, everywhere));
    }
  }

  async #publish(id: ContainerId, sandbox: Sandbox): Promise<void> {
    await this.#firewall.check();
    const publication = this.#publicationOf(id, sandbox);
    if (!publication) return;
    await this.#firewall.publish(publication);
    await this.#listeners.open(id, forwardsOf(sandbox));
  }

  /** Published ports lead to the endpoint with the default route. */
  #publicationOf(id: ContainerId, { endpoints, ports }: Sandbox): Publication | undefined {
    const [endpoint] = endpoints;
    if (!endpoint || ports.length === 0) return undefined;
    const network = this.#networks.get(endpoint.bridge);
    return {
      owner: id,
      target: endpoint.ipv4 === '' ? undefined : endpoint.ipv4,
      target6: endpoint.ipv6,
      ports,
      routed: network?.gatewayModeIpv4 === 'routed',
      routed6: network?.gatewayModeIpv6 === 'routed',
      trusting: (network?.trustedInterfaces?.length ?? 0) > 0,
    };
  }

  #host(): Rtnetlink {
    if (!this.#rtnetlink) throw new EngineError('unavailable', 'the network is not open');
    return this.#rtnetlink;
  }
}
