import type { ContainerId, EndpointId, NetworkId } from '../base/mod.ts';

/**
 * Network sandboxes. A *network* is a bridge with a subnet; a *sandbox* is a container's network namespace, pinned
 * under the exec-root; an *endpoint* is a veth pair between the two; a *port mapping* publishes a container's port on
 * the host. All of it is made over rtnetlink and nfnetlink in process.
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
  /** Makes or repairs a bridge network's interface, address, masquerading and forward rules. Idempotent. */
  ensureBridge(network: BridgeNetwork): Promise<void>;
  removeBridge(network: BridgeNetwork): Promise<void>;
  /**
   * A network namespace with `lo` up, pinned at `<exec-root>/netns/<container id>`, and the endpoints in it. Names are
   * derived from the ids, so that what a crash left is found again. On failure nothing is left.
   */
  setUp(request: SandboxRequest): Promise<Sandbox>;
  /** Takes down all that `setUp` made for a container: goes on at errors and reports them together. Idempotent. */
  tearDown(id: ContainerId, sandbox: Sandbox | undefined): Promise<void>;
  /**
   * After a daemon start: takes over the sandboxes of containers that run (addresses, ports, rules, listeners are
   * ours again, missing rules are put back), and removes what belongs to no container in the list.
   */
  restore(live: { id: ContainerId; sandbox: Sandbox }[]): Promise<void>;
}

export interface BridgeNetwork {
  id: NetworkId;
  name: string;
  /** Interface name, e.g. `minke0` or `br-<12 hex digits>`. */
  bridge: string;
  /** CIDR, e.g. `172.17.0.0/16`. */
  subnet: string;
  gateway: string;
  /** Addresses are allocated from this part of the subnet; CIDR. */
  ipRange?: string;
  /** Addresses never given out. */
  reserved?: string[];
  mtu?: number;
  icc: boolean;
  masquerade: boolean;
  internal: boolean;
  /** Where ports are published when the request names no address, '' = all. */
  hostBindingIpv4: string;
  /** Set where the network has IPv6. */
  ipv6?: Pool;
  /** How containers are reached and reach out; `nat` unless given. Compat: moby `gateway_mode_ipv4`. */
  gatewayModeIpv4?: GatewayMode;
  gatewayModeIpv6?: GatewayMode;
  /** From these interfaces published ports are also reached at the container's own address. */
  trustedInterfaces?: string[];
}

export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** A subnet, of either family, and what is given out of it. */
export interface Pool {
  /** CIDR. */
  subnet: string;
  gateway: string;
  ipRange?: string;
  reserved?: string[];
}

export interface SandboxRequest {
  id: ContainerId;
  /** A descriptor of a network namespace that is there, in place of a new one. It stays the caller's. */
  namespace?: number;
  /** Empty for `--network none`: a namespace with only `lo`. The first one has the default route and the ports. */
  endpoints: EndpointRequest[];
  ports: PortRequest[];
}

export interface EndpointRequest {
  endpointId: EndpointId;
  network: BridgeNetwork;
  /** Asked-for addresses. */
  ipv4?: string;
  mac?: string;
}

export interface PortRequest {
  protocol: 'tcp' | 'udp' | 'sctp';
  containerPort: number;
  /** '' = all addresses, v4 and v6. */
  hostIp: string;
  /** 0 = any free one of 32768 to 60999; [from, to] = first free one in the range. */
  hostPort: number | [number, number];
}

/** Plain data, kept in the container's record. */
export interface Sandbox {
  /** Absolute path of the pinned namespace. */
  netns: string;
  endpoints: Endpoint[];
  ports: PublishedPort[];
}

export interface Endpoint {
  endpointId: EndpointId;
  networkId: NetworkId;
  bridge: string;
  /** Name inside: `eth0`, … */
  interface: string;
  /** Name of the veth on the host. */
  hostInterface: string;
  mac: string;
  ipv4: string;
  prefixLength: number;
  gateway: string;
  ipv6?: string;
}

export interface PublishedPort {
  protocol: 'tcp' | 'udp' | 'sctp';
  containerPort: number;
  /** As `docker port` shows it: `0.0.0.0`, `::`, or the address asked for. One entry for each family. */
  hostIp: string;
  hostPort: number;
}
