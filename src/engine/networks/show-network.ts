import type { Pool } from '../../net/mod.ts';
import type { NetworkContainer, NetworkInspect } from '../../spec/docker/mod.ts';
import type { NetworkRecord } from '../../store/mod.ts';
import type { DefaultBridge } from './local-networks.ts';

/** A network as inspect shows it; the default bridge is what the daemon's configuration says. */
export function showNetwork(
  record: NetworkRecord,
  defaultBridge: DefaultBridge | undefined,
  containers: Record<string, NetworkContainer>,
): NetworkInspect {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: record.enableIpv4 ?? true,
    EnableIPv6: defaultBridge ? defaultBridge.ipv6 !== undefined : (record.enableIpv6 ?? false),
    IPAM: defaultBridge
      ? {
          Driver: 'default',
          Options: null,
          Config: [
            shownPool(defaultBridge, 'DefaultGatewayIPv4'),
            ...(defaultBridge.ipv6 ? [shownPool(defaultBridge.ipv6, 'DefaultGatewayIPv6')] : []),
          ],
        }
      : ipamOf(record),
    Internal: record.internal ?? false,
    Attachable: record.attachable ?? false,
    Ingress: false,
    ConfigFrom: { Network: record.configFrom ?? '' },
    ConfigOnly: record.configOnly ?? false,
    Containers: containers,
    Options: defaultBridge ? optionsOf(defaultBridge) : (record.options ?? {}),
    Labels: record.labels ?? {},
  };
}

/** Compat: the other gateway that the daemon's configuration names is an address of that name which nobody gets. */
function shownPool({ subnet, gateway, ipRange, router }: Pool, routerName: string) {
  return {
    Subnet: subnet,
    ...(ipRange === undefined ? {} : { IPRange: ipRange }),
    Gateway: gateway,
    ...(router === undefined ? {} : { AuxiliaryAddresses: { [routerName]: router } }),
  };
}

function ipamOf({ ipamDriver, ipamOptions, subnets }: NetworkRecord): NetworkInspect['IPAM'] {
  return {
    Driver: ipamDriver ?? 'default',
    Options: ipamOptions ?? null,
    Config:
      subnets?.map(({ subnet, gateway, ipRange, reserved, gatewayChosen }) => ({
        Subnet: subnet,
        ...(ipRange === '' ? {} : { IPRange: ipRange }),
        ...(gateway === '' || gatewayChosen ? {} : { Gateway: gateway }),
        ...(Object.keys(reserved).length === 0 ? {} : { AuxiliaryAddresses: reserved }),
      })) ?? null,
  };
}

function optionsOf({ bridge, mtu, icc, masquerade, hostBindingIpv4 }: DefaultBridge): Record<string, string> {
  return {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': String(icc),
    'com.docker.network.bridge.enable_ip_masquerade': String(masquerade),
    'com.docker.network.bridge.host_binding_ipv4': hostBindingIpv4 || '0.0.0.0',
    'com.docker.network.bridge.name': bridge,
    'com.docker.network.driver.mtu': String(mtu ?? 1500),
  };
}
