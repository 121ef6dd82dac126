import type { AddressPoolSetting, HostPolicy } from '../../net/mod.ts';
import type { Ulimit } from '../../spec/docker/mod.ts';
import type { IdMap } from '../../spec/id-map.ts';

export interface Addressing {
  /** Whether the default bridge has IPv6. */
  ipv6: boolean;
  /** Address of the default bridge with its prefix, `172.17.0.1/16`. */
  bip: string;
  bip6: string;
  /** The part of the default bridge's subnet that containers get addresses from; CIDR. */
  fixedCidr: string;
  fixedCidrV6: string;
  /** Where containers on the default bridge send what goes outside; '' = to the bridge. */
  gateway: string;
  gatewayV6: string;
  /** For networks that name no subnet; none = the defaults. */
  pools: AddressPoolSetting[];
}

/** The daemon's settings, from flags and daemon.json; frozen once read. */
export interface Config {
  dataRoot: string;
  execRoot: string;
  hosts: string[];
  pidfile: string;
  debug: boolean;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  group: string;
  /** Addresses of the default bridge, and where networks get theirs from; '' = nothing was said. */
  addressing: Addressing;
  /** Options that networks of a driver have unless they set them, by driver and key. */
  networkOptions: Record<string, Record<string, string>>;
  bridge: string;
  mtu: number;
  icc: boolean;
  /** Address that ports are published on by default. */
  ip: string;
  masquerade: boolean;
  /** What of the host's firewall and forwarding may be changed. */
  hostPolicy: HostPolicy;
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  /** Bytes. */
  defaultShmSize: number;
  defaultRuntime: string | undefined;
  /** OCI runtimes beside crun and runc, by name. */
  runtimes: Record<string, { path: string; args: string[] }>;
  /** For containers that set none of the same name. */
  defaultUlimits: Ulimit[];
  defaultIpcMode: 'private' | 'shareable';
  /** '' = what the host's version of cgroups has. */
  defaultCgroupnsMode: '' | 'private' | 'host';
  noNewPrivileges: boolean;
  /** Containers that say nothing of it have an init before their program. */
  init: boolean;
  /** The program for that; '' = the first that is found. */
  initPath: string;
  /** Owners in containers, by `userns-remap`. */
  idMap: IdMap | undefined;
  /** `unconfined`, `builtin`, or the JSON of a profile. */
  seccompProfile: string;
  /** What `host-gateway` stands for; none = the gateway of the container's network. */
  hostGatewayIps: string[];
  cdiSpecDirs: string[];
  logDriver: string;
  logOptions: Record<string, string>;
  cgroupDriver: 'cgroupfs' | 'systemd' | undefined;
  cgroupParent: string;
  maxConcurrentDownloads: number;
  /** Bytes that a layer may unpack to; undefined for any number. */
  maxLayerSize: number | undefined;
  maxConcurrentUploads: number;
  registryMirrors: string[];
  insecureRegistries: string[];
  /** Domain of a registry → URLs of its mirrors. */
  mirrors: Record<string, string[]>;
  maxDownloadAttempts: number;
  /** For what the daemon itself fetches; '' for none. */
  proxies: { http: string; https: string; no: string };
  liveRestore: boolean;
  /** Seconds. */
  shutdownTimeout: number;
  labels: string[];
}
