import { type ContainerId, EngineError, type Logger, type NetworkId } from '../base/mod.ts';
import { Rtnetlink } from '../sys/mod.ts';
import { ensureBridgeLink, removeLinks } from './bridge/bridge.ts';
import { NameService } from './dns/name-service.ts';
import { Firewall } from './firewall/firewall.ts';
import { judgeGroup } from './firewall/judge.ts';
import { forwardIpv6, forwardPackets } from './forward-packets.ts';
import { gather } from './gather.ts';
import { HostLinks } from './links/host-links.ts';
import { LinkEndpoints } from './links/link-endpoints.ts';
import type {
  EndpointRequest,
  HostPolicy,
  Net,
  Network,
  PortRequest,
  Sandbox,
  SandboxRequest,
} from './net.ts';
import { PublishedPorts } from './ports/published-ports.ts';
import { BridgeEndpoints } from './sandbox/bridge-endpoints.ts';
import type { EndpointDriver } from './sandbox/endpoint-driver.ts';
import { LiveSandboxes } from './sandbox/live-sandboxes.ts';
import { Namespaces } from './sandbox/namespace.ts';
import { removeOrphans } from './sandbox/orphans.ts';

export interface NetOptions {
  /** Namespaces are pinned in `<execRoot>/netns`. */
  execRoot: string;
  log: Logger;
  /** Name of the nftables table, `minke` unless given: daemons beside each other need one each. */
  tableName?: string;
  /** What may be changed of the host; all of it unless given. */
  host?: HostPolicy;
}

/** As Docker. */
const ALL: HostPolicy = { iptables: true, ip6tables: true, ipForward: true, respectFirewall: false };

/** The network of one daemon. Call `open`, then `ensureNetwork` for each network, then `restore`. */
export function openNet(options: NetOptions): Net {
  return new KernelNet(options);
}

/** Networks, and the parts that own all else: sandboxes, firewall, published ports. */
class KernelNet implements Net {
  readonly #log: Logger;
  readonly #namespaces: Namespaces;
  readonly #policy: HostPolicy;
  readonly #firewall: Firewall;
  readonly #networks = new Map<NetworkId, Network>();
  readonly #bridgeEndpoints: BridgeEndpoints;
  readonly #linkEndpoints: LinkEndpoints;
  readonly #links: HostLinks;
  readonly #ports: PublishedPorts;
  readonly #names: NameService;
  readonly #sandboxes: LiveSandboxes;
  #rtnetlink: Rtnetlink | undefined;

  constructor({ execRoot, log, tableName = 'minke', host = ALL }: NetOptions) {
    if (!/^[a-z][a-z0-9_]{0,30}$/i.test(tableName))
      throw new EngineError('invalid', `table name ${tableName}`);
    this.#log = log;
    this.#namespaces = new Namespaces(execRoot);
    this.#policy = host;
    this.#firewall = new Firewall({
      table: tableName,
      enabled: host.iptables,
      ipv6: host.ip6tables,
      ...(host.respectFirewall && { judge: { group: judgeGroup(tableName) } }),
      execRoot,
      log,
    });
    this.#bridgeEndpoints = new BridgeEndpoints(() => this.#host());
    this.#linkEndpoints = new LinkEndpoints(() => this.#host());
    this.#links = new HostLinks(() => this.#host(), this.#networks, tableName);
    this.#ports = new PublishedPorts(this.#firewall, this.#networks, host, log);
    this.#names = new NameService(this.#networks, log);
    this.#sandboxes = new LiveSandboxes({
      namespaces: this.#namespaces,
      networks: this.#networks,
      driverOf: (driver) => this.#driverOf(driver),
      services: [this.#ports, this.#names],
      log,
    });
  }

  async open(): Promise<void> {
    this.#namespaces.open();
    this.#rtnetlink ??= new Rtnetlink();
    if (this.#policy.ipForward) forwardPackets();
    await this.#firewall.open();
    for (const network of this.#networks.values()) await this.ensureNetwork(network);
  }

  async close(): Promise<void> {
    this.#ports.closeAll();
    this.#names.closeAll();
    this.#firewall.close();
    this.#rtnetlink?.[Symbol.dispose]();
    this.#rtnetlink = undefined;
  }

  async takeDown({ foreign }: { foreign: readonly string[] }): Promise<void> {
    if (this.#sandboxes.all.size > 0) throw new EngineError('conflict', 'containers use the network');
    const bridges = this.#bridges();
    this.#networks.clear();
    await gather([
      () => this.#firewall.remove(),
      () => removeLinks(bridges.filter((bridge) => !foreign.includes(bridge))),
      () => this.#links.removeOrphans(),
    ]);
  }

  async ensureNetwork(network: Network): Promise<void> {
    if (network.driver !== 'bridge') {
      this.#links.ensure(network);
      this.#networks.set(network.id, network);
      return;
    }
    if (network.ipv6 && this.#policy.ipForward) forwardIpv6(this.#host(), this.#log);
    ensureBridgeLink(this.#host(), network);
    this.#networks.set(network.id, network);
    await this.#firewall.addBridge(network);
  }

  async hasInterface(name: string): Promise<boolean> {
    return this.#host().link(name) !== undefined;
  }

  async removeNetwork(network: Network, options: { keepInterface?: boolean } = {}): Promise<void> {
    this.#networks.delete(network.id);
    if (network.driver !== 'bridge') return await this.#links.remove(network);
    this.#bridgeEndpoints.forget(network);
    await gather([
      () => this.#firewall.removeBridge(network),
      ...(options.keepInterface ? [] : [() => removeLinks([network.bridge])]),
    ]);
  }

  setUp(request: SandboxRequest): Promise<Sandbox> {
    return this.#sandboxes.setUp(request);
  }

  connect(id: ContainerId, endpoint: EndpointRequest, ports: PortRequest[]): Promise<Sandbox> {
    return this.#sandboxes.connect(id, endpoint, ports);
  }

  disconnect(id: ContainerId, endpointId: string, ports: PortRequest[]): Promise<Sandbox> {
    return this.#sandboxes.disconnect(id, endpointId, ports);
  }

  updatePorts(id: ContainerId, ports: PortRequest[]): Promise<Sandbox> {
    return this.#sandboxes.update(id, (sandbox) => this.#ports.update(id, sandbox, ports));
  }

  rename(id: ContainerId, names: ReadonlyMap<string, string[]>): Promise<void> {
    return this.#sandboxes.rename(id, names);
  }

  tearDown(id: ContainerId, sandbox: Sandbox | undefined): Promise<void> {
    return this.#sandboxes.tearDown(id, sandbox);
  }

  async restore(live: { id: ContainerId; sandbox: Sandbox }[]): Promise<void> {
    this.#bridgeEndpoints.clear();
    this.#linkEndpoints.clear();
    // Orphans first: what a change that was cut off left in a running container goes, and only then routes are put right.
    await removeOrphans({
      host: this.#host(),
      namespaces: this.#namespaces,
      bridges: this.#bridges(),
      live: new Map(live.map(({ id, sandbox }) => [id, sandbox])),
      log: this.#log,
    });
    await this.#links.removeOrphans();
    await this.#sandboxes.restore(live);
  }

  #driverOf(driver: Network['driver']): EndpointDriver {
    return (driver === 'bridge' ? this.#bridgeEndpoints : this.#linkEndpoints) as EndpointDriver;
  }

  #bridges(): string[] {
    return [...this.#networks.values()].flatMap((one) => (one.driver === 'bridge' ? [one.bridge] : []));
  }

  #host(): Rtnetlink {
    if (!this.#rtnetlink) throw new EngineError('unavailable', 'the network is not open');
    return this.#rtnetlink;
  }
}
