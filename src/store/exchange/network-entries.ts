import type { BoltEntry } from '../bolt/bolt-format.ts';
import type { NetworkRecord, NetworkSubnet } from '../networks/network-record.ts';
import type { Json } from './json-in-text.ts';

/** Compat: libnetwork's datastore in bolt: JSON under a path, after a counter of 8 bytes. */
export const BUCKET = 'libnetwork';
export const PREFIX = 'docker/network/v1.0';
export const COUNTER = 8;

/** Compat: Go's text for an address that there is none of. */
const NONE = '<nil>';
const SPACE = 'LocalDefault';
/** Compat: `ifaceCreator` of a bridge: who made its interface, and so who removes it. */
const CREATED_BY_ENGINE = 1;
export const CREATED_BY_USER = 2;

/** All that Docker 20.10 keeps of a network: itself, its count of endpoints, and what its driver has of it. */
export function networkEntries(record: NetworkRecord): BoltEntry[] {
  const { id, driver, configOnly = false } = record;
  const entries = [
    entryOf(`network/${id}`, networkOf(record)),
    // What has ended has no endpoint; Docker makes those of a start anew.
    entryOf(`endpoint_count/${id}`, { Count: 0 }),
  ];
  if (configOnly) return entries;
  if (driver === 'bridge') entries.push(entryOf(`bridge/${id}`, bridgeOf(record)));
  if (driver === 'macvlan')
    entries.push(entryOf(`macvlan/network/${id}`, linkOf(record, 'MacvlanMode', 'bridge')));
  if (driver === 'ipvlan') entries.push(entryOf(`ipvlan/network/${id}`, linkOf(record, 'IpvlanMode', 'l2')));
  return entries;
}

/** What a driver keeps under. */
export function driverKey(driver: string, id: string): Buffer {
  return keyOf(driver === 'macvlan' || driver === 'ipvlan' ? `${driver}/network/${id}` : `${driver}/${id}`);
}

/** Compat: libnetwork `network.MarshalJSON`. */
function networkOf(record: NetworkRecord): Json {
  const { id, name, driver, created, labels, options, internal = false, attachable = false } = record;
  const { enableIpv6: ipv6 = false, ipamDriver = 'default', ipamOptions } = record;
  const { configOnly = false, configFrom = '' } = record;
  const hasAddresses = configOnly || (driver !== 'host' && driver !== 'null');
  return {
    addrSpace: hasAddresses && !configOnly ? SPACE : '',
    attachable,
    configFrom,
    configOnly,
    created,
    enableIPv6: ipv6,
    generic: {
      ...(hasAddresses && { 'com.docker.network.enable_ipv6': ipv6 }),
      'com.docker.network.generic': options ?? {},
      ...(internal && { 'com.docker.network.internal': true }),
    },
    id,
    inDelete: false,
    ingress: false,
    internal,
    ipamOptions: hasAddresses ? (ipamOptions ?? {}) : null,
    ipamType: ipamDriver,
    ...(hasAddresses && poolsOf(record, 'V4')),
    ...(hasAddresses && poolsOf(record, 'V6')),
    labels: hasAddresses ? (labels ?? {}) : null,
    loadBalancerIP: '',
    loadBalancerMode: 'NAT',
    name,
    networkType: driver,
    persist: true,
    postIPv6: false,
    scope: 'local',
  };
}

/** Compat: `IpamConf` and `IpamInfo`, each a list that is text. Nothing where there is no subnet of that family. */
function poolsOf(record: NetworkRecord, family: 'V4' | 'V6'): Json {
  const subnets = subnetsOf(record, family);
  if (subnets.length === 0) return {};
  const asked = subnets.map(({ subnet, gateway, ipRange, reserved, chosen, gatewayChosen }) => ({
    PreferredPool: chosen ? '' : subnet,
    SubPool: ipRange,
    Gateway: chosen || gatewayChosen ? '' : gateway,
    AuxAddresses: Object.keys(reserved).length === 0 ? null : reserved,
  }));
  const had = subnets.map((pool) => {
    const { subnet, ipRange, reserved } = pool;
    const auxiliary = Object.entries(reserved).map(([name, address]) => [name, withPrefix(address, subnet)]);
    const data = {
      AddressSpace: SPACE,
      ...(auxiliary.length > 0 && { AuxAddresses: Object.fromEntries(auxiliary) }),
      ...(pool.gateway !== '' && { Gateway: withPrefix(pool.gateway, subnet) }),
      Pool: subnet,
    };
    return {
      IPAMData: JSON.stringify(data),
      PoolID: `${SPACE}/${subnet}${ipRange === '' ? '' : `/${ipRange}`}`,
    };
  });
  if (record.configOnly) return { [`ipam${family}Config`]: JSON.stringify(asked) };
  return { [`ipam${family}Config`]: JSON.stringify(asked), [`ipam${family}Info`]: JSON.stringify(had) };
}

/** Compat: `networkConfiguration` of libnetwork's bridge driver. */
function bridgeOf(record: NetworkRecord): Json {
  const { id, internal = false, enableIpv6 = false } = record;
  const option = (name: string) => record.options?.[`com.docker.network.${name}`];
  const isOn = (name: string) => option(name) !== 'false';
  const [v4] = subnetsOf(record, 'V4');
  const [v6] = subnetsOf(record, 'V6');
  return {
    ...(v4 && v4.gateway !== '' && { AddressIPv4: withPrefix(v4.gateway, v4.subnet) }),
    ...(v6 && v6.gateway !== '' && { AddressIPv6: withPrefix(v6.gateway, v6.subnet) }),
    BridgeIfaceCreator: record.foreignBridge ? CREATED_BY_USER : CREATED_BY_ENGINE,
    BridgeName: record.bridge ?? option('bridge.name') ?? `br-${id.slice(0, 12)}`,
    ContainerIfacePrefix: option('container_iface_prefix') ?? '',
    DefaultBindingIP: option('bridge.host_binding_ipv4') || NONE,
    DefaultBridge: false,
    DefaultGatewayIPv4: NONE,
    DefaultGatewayIPv6: NONE,
    EnableICC: isOn('bridge.enable_icc'),
    EnableIPMasquerade: isOn('bridge.enable_ip_masquerade'),
    EnableIPv6: enableIpv6,
    HostIP: option('host_ipv4') || NONE,
    ID: id,
    InhibitIPv4: option('bridge.inhibit_ipv4') === 'true',
    Internal: internal,
    Mtu: Number(option('driver.mtu') ?? 0),
  };
}

/** Compat: `configuration` of libnetwork's macvlan and ipvlan drivers: without a parent it is a link of its own. */
function linkOf(record: NetworkRecord, mode: 'MacvlanMode' | 'IpvlanMode', usual: string): Json {
  const { id, options = {}, internal = false } = record;
  const pools = (family: 'V4' | 'V6') =>
    subnetsOf(record, family).map(({ subnet, gateway }) => ({
      SubnetIP: subnet,
      GwIP: gateway === '' ? '' : withPrefix(gateway, subnet),
    }));
  const [v4, v6] = [pools('V4'), pools('V6')];
  const parent = options['parent'] ?? '';
  return {
    CreatedSubIface: false,
    ID: id,
    Internal: internal || parent === '',
    ...(v4.length > 0 && { Ipv4Subnets: JSON.stringify(v4) }),
    ...(v6.length > 0 && { Ipv6Subnets: JSON.stringify(v6) }),
    [mode]: options[mode === 'MacvlanMode' ? 'macvlan_mode' : 'ipvlan_mode'] || usual,
    Mtu: Number(options['com.docker.network.driver.mtu'] ?? 0),
    Parent: parent === '' ? `dm-${id.slice(0, 12)}` : parent,
  };
}

function subnetsOf({ subnets = [] }: NetworkRecord, family: 'V4' | 'V6'): NetworkSubnet[] {
  return subnets.filter(({ subnet }) => subnet.includes(':') === (family === 'V6'));
}

function withPrefix(address: string, subnet: string): string {
  return `${address}/${subnet.slice(subnet.indexOf('/') + 1)}`;
}

function keyOf(path: string): Buffer {
  return Buffer.from(`${PREFIX}/${path}/`);
}

function entryOf(path: string, value: Json): BoltEntry {
  const counter = Buffer.alloc(COUNTER);
  counter.writeBigUInt64LE(1n);
  return { key: keyOf(path), value: Buffer.concat([counter, Buffer.from(JSON.stringify(value))]) };
}
