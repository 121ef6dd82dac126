import type { ContainerId, EndpointId, NetworkId } from '../base/mod.ts';

/**
 * Network sandboxes. A *network* is a bridge with subnets, or a link of the host's (macvlan, ipvlan); a *sandbox* is a
 * container's network namespace, pinned under the exec-root; an *endpoint* is an interface in it that joins it to a
 * network; a *port mapping* publishes a container's port on the host. All of it is made over rtnetlink and nfnetlink in
 * process.
 */
export interface Net {
  /** IP forwarding, the nftables table, others' FORWARD chains. Idempotent: also repairs. */
  open(): Promise<void>;
  /** Stops listeners of ours; kernel objects stay for running containers. */
  close(): Promise<void>;
  /**
   * Removes the bridges and all rules: nothing of ours is left. `conflict` while a container uses them. Bridges named
   * in `foreign` are somebody else's and stay.
   */
  takeDown(options: { foreign: readonly string[] }): Promise<void>;
  /** Makes or repairs what the host has of a network: interface, addresses, rules. Idempotent. */
  ensureNetwork(network: Network): Promise<void>;
  /** Whether the host has an interface of this name. */
  hasInterface(name: string): Promise<boolean>;
  /** Takes it down: `ensureNetwork`'s opposite. What is gone already is no error. */
  removeNetwork(network: Network, options?: { keepInterface?: boolean }): Promise<void>;
  /**
   * A network namespace with `lo` up, pinned at `<exec-root>/netns/<container id>`, and the endpoints in it. Names are
   * derived from the ids, so that what a crash left is found again. On failure nothing is left.
   */
  setUp(request: SandboxRequest): Promise<Sandbox>;
  /**
   * Adds an endpoint to a sandbox that is up, and gives what the sandbox is then: default route and published ports
   * (`ports`: all that the container asks for) follow where the new endpoint is to have them. On failure nothing of it
   * is left. Crash: the caller's record says `changing` before, so that `restore` repairs it.
   */
  connect(id: ContainerId, endpoint: EndpointRequest, ports: PortRequest[]): Promise<Sandbox>;
  /** Takes an endpoint away; default route and ports move to one that remains. Idempotent. */
  disconnect(id: ContainerId, endpointId: string, ports: PortRequest[]): Promise<Sandbox>;
  /**
   * Publishes `ports` and nothing else: those that are published already keep their numbers. On failure all stay as they
   * were. Crash: the caller's record has the old ones, which `restore` puts back.
   */
  updatePorts(id: ContainerId, ports: PortRequest[]): Promise<Sandbox>;
  /** Tells what endpoints of a running container are called from now on, by their ids. */
  rename(id: ContainerId, names: ReadonlyMap<string, string[]>): Promise<void>;
  /** Takes down all that `setUp` made for a container: goes on at errors and reports them together. Idempotent. */
  tearDown(id: ContainerId, sandbox: Sandbox | undefined): Promise<void>;
  /**
   * After a daemon start: takes over the sandboxes of containers that run (addresses, ports, rules, listeners are
   * ours again, missing rules are put back), and removes what belongs to no container in the list.
   */
  restore(live: { id: ContainerId; sandbox: Sandbox }[]): Promise<void>;
}

/** Compat: the settings `iptables`, `ip6tables`, `ip-forward` of dockerd. */
export interface HostPolicy {
  /** False: no rules. Published TCP ports are served by listeners of ours. */
  iptables: boolean;
  ip6tables: boolean;
  /** False: whether the host forwards packets is left to its administrator. */
  ipForward: boolean;
  /** Ours: what is published is judged by the host's INPUT chains as a program of the host would be. */
  respectFirewall: boolean;
}

export type Network = BridgeNetwork | LinkNetwork;

export interface BridgeNetwork {
  driver: 'bridge';
  id: NetworkId;
  name: string;
  /** Interface name, e.g. `minke0` or `br-<12 hex digits>`. */
  bridge: string;
  /** The IPv4 pool, as in `Pool`: `172.17.0.0/16`. '' = no IPv4, and then `gateway` is '' too. */
  subnet: string;
  gateway: string;
  ipRange?: string;
  reserved?: string[];
  router?: string;
  /** Set where the network has IPv6. */
  ipv6?: Pool;
  mtu?: number;
  /** What interfaces in containers are called: `eth` unless said. */
  interfacePrefix?: string;
  icc: boolean;
  masquerade: boolean;
  internal: boolean;
  /** Where ports are published when the request names no address, '' = all. */
  hostBindingIpv4: string;
  /** The bridge itself has no address: somebody else routes (option `inhibit_ipv4`). */
  inhibitIpv4?: boolean;
  /** How containers are reached and reach out; `nat` unless given. Compat: moby `gateway_mode_ipv4`. */
  gatewayModeIpv4?: GatewayMode;
  gatewayModeIpv6?: GatewayMode;
  /** From these interfaces published ports are also reached at the container's own address. */
  trustedInterfaces?: string[];
}

export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** Interfaces of containers that are made on one of the host's: no bridge, no translation, no published ports. */
export interface LinkNetwork {
  driver: 'macvlan' | 'ipvlan';
  id: NetworkId;
  name: string;
  /** Of either family; addresses come from the first one of each that has some left. */
  pools: Pool[];
  /** The host's interface; made, if it is a VLAN's (`eth0.10`) or '' (a dummy). */
  parent: string;
  /** `bridge`, `private`, `vepa`, `passthru`; `l2`, `l3`, `l3s`. */
  mode: string;
  /** Of ipvlan: `bridge`, `private`, `vepa`. */
  flag?: string;
  internal: boolean;
  mtu?: number;
}

/** Addresses of one family. */
export interface Pool {
  /** CIDR. */
  subnet: string;
  /** Address of the bridge, or of whoever routes; '' = none. */
  gateway: string;
  /** Addresses are given from this part of the subnet; CIDR. */
  ipRange?: string;
  /** Addresses never given out. */
  reserved?: string[];
  /** Where the default route of containers leads, if not to `gateway` (`default-gateway`, `DefaultGatewayIPv4`). */
  router?: string;
}

export interface SandboxRequest {
  id: ContainerId;
  /** A descriptor of a network namespace that is there, in place of a new one. It stays the caller's. */
  namespace?: number;
  /**
   * Empty for `--network none`: a namespace with only `lo`. Which of them has the default route and the published ports:
   * see `sandbox/gateway.ts`.
   */
  endpoints: EndpointRequest[];
  ports: PortRequest[];
}

export interface EndpointRequest {
  endpointId: EndpointId;
  network: Network;
  /** Asked-for addresses. */
  ipv4?: string;
  ipv6?: string;
  mac?: string;
  /** The highest has the default route. 0 unless said. */
  gatewayPriority?: number;
  /** `net.ipv4.conf.IFNAME.forwarding=1`, several by commas: switches of the interface. */
  sysctls?: string;
  /** Name of the interface inside; `eth<lowest free>` unless said. */
  interface?: string;
  /** What others in that network call it: name, short id, aliases. */
  names: string[];
  /** Alias → container id: names that this container alone sees. */
  links?: Record<string, string>;
  /** The container resolves names by our server, at 127.0.0.11. Given with an endpoint whose network has names. */
  resolver?: ResolverSettings;
}

/** How our name server of a sandbox gets at what it does not know itself. */
export interface ResolverSettings {
  /** Servers that are asked in turn. `fromHost`: from the host's namespace, not from the container's. */
  upstreams: { address: string; fromHost: boolean }[];
  /** Somebody chose `ndots`: names without a dot are asked of nobody else. */
  ndotsSet: boolean;
}

export interface PortRequest {
  protocol: 'tcp' | 'udp' | 'sctp';
  containerPort: number;
  /** '' = all addresses, v4 and v6. */
  hostIp: string;
  /** 0 = any free one of 32768 to 60999; [from, to] = first free one in the range. */
  hostPort: number | [number, number];
}

/** Plain data, kept in the container's record: only additions that are optional, for records of before are read. */
export interface Sandbox {
  /** Absolute path of the pinned namespace. */
  netns: string;
  endpoints: Endpoint[];
  ports: PublishedPort[];
  /** Our name server answers in it, from the first endpoint on that came with such settings. */
  resolver?: ResolverSettings;
  /** A connect or disconnect was under way when this was written: `restore` puts routes right. */
  changing?: boolean;
}

/** Plain data, as `Sandbox`. */
export interface Endpoint {
  endpointId: EndpointId;
  networkId: NetworkId;
  /** `bridge` unless said. */
  driver?: Network['driver'];
  /** The bridge that it is a port of; '' for other drivers. */
  bridge: string;
  /** Name inside: `eth0`, … */
  interface: string;
  /** Name of the veth on the host; '' for other drivers. */
  hostInterface: string;
  mac: string;
  /** '' on a network without IPv4, and so `gateway`; then `prefixLength` is 0. */
  ipv4: string;
  prefixLength: number;
  /** '' = none: that of an internal network. */
  gateway: string;
  /** Absent on a network without IPv6. */
  ipv6?: string;
  ipv6PrefixLength?: number;
  ipv6Gateway?: string;
  gatewayPriority?: number;
  names?: string[];
  links?: Record<string, string>;
}

export interface PublishedPort {
  protocol: 'tcp' | 'udp' | 'sctp';
  containerPort: number;
  /** As `docker port` shows it: `0.0.0.0`, `::`, or the address asked for. One entry for each family. */
  hostIp: string;
  hostPort: number;
}
