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
  enableIpv6?: boolean;
  ipamDriver?: string;
  ipamOptions?: Record<string, string>;
  subnets?: NetworkSubnet[];
  /** Name of the bridge's interface. */
  bridge?: string;
}

export interface NetworkSubnet {
  /** CIDR. */
  subnet: string;
  gateway: string;
  /** CIDR, or ''. */
  ipRange: string;
  /** Addresses that are somebody else's, by name. */
  reserved: Record<string, string>;
}
