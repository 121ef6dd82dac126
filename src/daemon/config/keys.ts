/**
 * Type of a setting: `list` flags may be given several times, `map` are `key=value`; `lists` stand in the file only;
 * `objects` are objects by name in the file, and several texts as flags; so is `list of objects`, which has no names.
 */
export type KeyType =
  | 'string'
  | 'boolean'
  | 'number'
  | 'list'
  | 'map'
  | 'lists'
  | 'objects'
  | 'list of objects'
  | 'ignored';

export interface Key {
  type: KeyType;
  /** Name of the flag, where it is not that of the daemon.json key. */
  flag?: string;
  short?: string;
  /** The object of daemon.json that it stands in. */
  within?: string;
}

/**
 * The settings of dockerd that minked knows, by their key in daemon.json. `ignored` ones are accepted, since scripts
 * written for Docker give them, and have nothing to act on here.
 */
export const KEYS: Record<string, Key> = {
  'data-root': { type: 'string' },
  'exec-root': { type: 'string' },
  hosts: { type: 'list', flag: 'host', short: 'H' },
  pidfile: { type: 'string', short: 'p' },
  debug: { type: 'boolean', short: 'D' },
  'log-level': { type: 'string', short: 'l' },
  group: { type: 'string', short: 'G' },
  ipv6: { type: 'boolean' },
  bip: { type: 'string' },
  bip6: { type: 'string' },
  'fixed-cidr': { type: 'string' },
  'fixed-cidr-v6': { type: 'string' },
  'default-gateway': { type: 'string' },
  'default-gateway-v6': { type: 'string' },
  'default-address-pools': { type: 'list of objects', flag: 'default-address-pool' },
  'default-network-opts': { type: 'objects', flag: 'default-network-opt' },
  bridge: { type: 'string', short: 'b' },
  mtu: { type: 'number' },
  icc: { type: 'boolean' },
  ip: { type: 'string' },
  'ip-masq': { type: 'boolean' },
  dns: { type: 'list' },
  'dns-search': { type: 'list' },
  'dns-opts': { type: 'list', flag: 'dns-opt' },
  'default-shm-size': { type: 'string' },
  'default-runtime': { type: 'string' },
  runtimes: { type: 'objects', flag: 'add-runtime' },
  'default-ulimits': { type: 'objects', flag: 'default-ulimit' },
  'default-ipc-mode': { type: 'string' },
  'default-cgroupns-mode': { type: 'string' },
  'no-new-privileges': { type: 'boolean' },
  init: { type: 'boolean' },
  'init-path': { type: 'string' },
  'seccomp-profile': { type: 'string' },
  'host-gateway-ips': { type: 'list', flag: 'host-gateway-ip' },
  'userns-remap': { type: 'string' },
  'cdi-spec-dirs': { type: 'list', flag: 'cdi-spec-dir' },
  'log-driver': { type: 'string' },
  'log-opts': { type: 'map', flag: 'log-opt' },
  'exec-opts': { type: 'list', flag: 'exec-opt' },
  'cgroup-parent': { type: 'string' },
  'max-concurrent-downloads': { type: 'number' },
  'max-layer-size': { type: 'string' },
  'max-concurrent-uploads': { type: 'number' },
  'registry-mirrors': { type: 'list', flag: 'registry-mirror' },
  'insecure-registries': { type: 'list', flag: 'insecure-registry' },
  // Compat: on Linux Docker pushes foreign layers as any other, with or without it.
  'allow-nondistributable-artifacts': { type: 'list' },
  mirrors: { type: 'lists' },
  'max-download-attempts': { type: 'number' },
  'http-proxy': { type: 'string', within: 'proxies' },
  'https-proxy': { type: 'string', within: 'proxies' },
  'no-proxy': { type: 'string', within: 'proxies' },
  'live-restore': { type: 'boolean' },
  'shutdown-timeout': { type: 'number' },
  labels: { type: 'list', flag: 'label' },
  'storage-driver': { type: 'string', short: 's' },
  'userland-proxy': { type: 'ignored' },
  iptables: { type: 'boolean' },
  ip6tables: { type: 'boolean' },
  'ip-forward': { type: 'boolean' },
  // Ours.
  'published-ports': { type: 'string' },
  features: { type: 'ignored' },
  experimental: { type: 'ignored' },
  containerd: { type: 'ignored' },
  'selinux-enabled': { type: 'ignored' },
};
