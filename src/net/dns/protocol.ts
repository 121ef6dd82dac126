/** What the daemon tells the thread that answers queries. All of it is plain data. */
export type ToNames =
  | { type: 'host'; host: NamedHost }
  | { type: 'no host'; networkId: string; endpointId: string }
  | { type: 'serve'; key: number; sockets: ServerSockets; namespace: string; view: SandboxView }
  | { type: 'view'; key: number; view: SandboxView }
  | { type: 'drop'; key: number }
  | { type: 'close' };

export type FromNames =
  | { type: 'trouble'; message: string; fields: Record<string, unknown> }
  | { type: 'fatal'; message: string };

/** What the thread is made with. */
export interface NameThreadData {
  /** An eventfd, signalled with each message. */
  wake: number;
  /** How many messages were sent, in memory that both see: cheaper to look at than the port. */
  told: Int32Array;
}

/** One endpoint, by the names that others on its network call it. */
export interface NamedHost {
  networkId: string;
  networkName: string;
  endpointId: string;
  containerId: string;
  /** The first one is its own: what its address is called. */
  names: readonly string[];
  ipv4?: string;
  ipv6?: string;
}

/** Descriptors of this process; they belong to the thread from then on. */
export interface ServerSockets {
  udp: number;
  tcp: number;
}

/** What one sandbox can see. */
export interface SandboxView {
  /** In the order in which they are asked. */
  networks: readonly { id: string; links: readonly { alias: string; containerId: string }[] }[];
  upstreams: readonly Upstream[];
  /** False where only internal networks are: servers of the host are not asked then. */
  reachesOutside: boolean;
  /** Somebody chose `ndots`: a name without a dot is not asked of others. */
  ndotsSet: boolean;
}

/** A server that is asked for what is not known here. */
export interface Upstream {
  address: string;
  /** From the host's namespace, not from the container's. */
  fromHost: boolean;
}
