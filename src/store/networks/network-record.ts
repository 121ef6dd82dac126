/** A network as it is kept on disk. The three predefined ones have no more than the first four keys. */
export interface NetworkRecord {
  id: string;
  name: string;
  /** `bridge`, `host`, `null`, or one that Docker knows and we do not. */
  driver: string;
  /** RFC 3339 with nanoseconds. */
  created: string;
  labels?: Record<string, string>;
  /** Of the driver. */
  options?: Record<string, string>;
  internal?: boolean;
  attachable?: boolean;
  /** true unless said. */
  enableIpv4?: boolean;
  enableIpv6?: boolean;
  ipamDriver?: string;
  ipamOptions?: Record<string, string>;
  subnets?: NetworkSubnet[];
  /** Name of the bridge's interface. */
  bridge?: string;
  /** The bridge was there before the network, and stays after it. */
  foreignBridge?: boolean;
  /** Only settings, for networks that are made from it. */
  configOnly?: boolean;
  /** Name of the network whose settings these are. */
  configFrom?: string;
}

export interface NetworkSubnet {
  /** CIDR. */
  subnet: string;
  gateway: string;
  /** CIDR, or ''. */
  ipRange: string;
  /** The subnet, or the gateway, was not asked for but chosen. */
  chosen?: boolean;
  gatewayChosen?: boolean;
  /** Addresses that are somebody else's, by name. */
  reserved: Record<string, string>;
}
