import { type BridgeNetwork, type LinkNetwork, linkOptions, type Network, type Pool } from '../../net/mod.ts';
import type { NetworkRecord, NetworkSubnet } from '../../store/mod.ts';
import { bridgeOptions } from './bridge-options.ts';

/** What `net` is to make of a network; undefined for drivers without endpoints of ours, and for mere settings. */
export function networkOfRecord(record: NetworkRecord): Network | undefined {
  if (record.configOnly) return undefined;
  if (record.driver === 'bridge') return bridgeOf(record);
  if (isLinkDriver(record.driver)) return linkOf(record, record.driver);
  return undefined;
}

/** Whether networks of this driver stand on an interface of the host. */
export function isLinkDriver(driver: string): driver is LinkNetwork['driver'] {
  return driver === 'macvlan' || driver === 'ipvlan';
}

/** The interface of a bridge network. */
export function bridgeName({ id, bridge }: Pick<NetworkRecord, 'id' | 'bridge'>): string {
  return bridge ?? `br-${id.slice(0, 12)}`;
}

function bridgeOf(record: NetworkRecord): BridgeNetwork | undefined {
  const [ipv4] = poolsOf(record, 4);
  const [ipv6] = poolsOf(record, 6);
  if (!ipv4 && !ipv6) return undefined;
  const internal = record.internal ?? false;
  const { bridge: _asked, ...settings } = bridgeOptions(record.options ?? {}, true);
  return {
    driver: 'bridge',
    id: record.id as Network['id'],
    name: record.name,
    bridge: bridgeName(record),
    ...(ipv4 ?? { subnet: '', gateway: '' }),
    ...(ipv6 && { ipv6 }),
    internal,
    ...settings,
  };
}

function linkOf(record: NetworkRecord, driver: LinkNetwork['driver']): LinkNetwork {
  const options = record.options ?? {};
  const mtu = Number(options['com.docker.network.driver.mtu'] ?? 0);
  return {
    driver,
    id: record.id as Network['id'],
    name: record.name,
    pools: [...poolsOf(record, 4), ...poolsOf(record, 6)],
    internal: record.internal ?? false,
    ...linkOptions(driver, options),
    ...(mtu > 0 && { mtu }),
  };
}

/** The subnets of one family, as the mechanism wants them. */
function poolsOf({ subnets }: NetworkRecord, family: 4 | 6): Pool[] {
  return (subnets ?? []).filter(({ subnet }) => subnet.includes(':') === (family === 6)).map(poolOf);
}

function poolOf({ subnet, gateway, ipRange, reserved }: NetworkSubnet): Pool {
  const addresses = Object.values(reserved);
  const router = reserved[subnet.includes(':') ? 'DefaultGatewayIPv6' : 'DefaultGatewayIPv4'];
  return {
    subnet,
    gateway,
    ...(ipRange === '' ? {} : { ipRange }),
    ...(addresses.length === 0 ? {} : { reserved: addresses }),
    // Compat: the name by which moby's bridge driver knows another gateway than the bridge.
    ...(router === undefined ? {} : { router }),
  };
}
