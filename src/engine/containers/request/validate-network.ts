import { isIP, isIPv4, isIPv6 } from 'node:net';
import { EngineError } from '../../../base/mod.ts';
import { endpointSysctlFaults } from '../../../net/mod.ts';
import type { ContainerConfig, EndpointSettings, HostConfig } from '../../../spec/docker/mod.ts';

/** Checks what contradicts the network mode. Compat: moby `runconfig/hostconfig_unix.go`. */
export function validateNetworkMode(config: ContainerConfig, hostConfig: HostConfig): void {
  const { NetworkMode: mode, UTSMode } = hostConfig;
  const links = (hostConfig.Links ?? []).length > 0;
  const conflict = (what: string) => invalid(`conflicting options: ${what}`);
  if (UTSMode === 'host' && config.Hostname !== '') throw conflict('hostname and the UTS mode');
  if (mode === 'host' && links) {
    throw conflict("host type networking can't be used with links. This would result in undefined behavior");
  }
  if (mode !== 'container' && !mode.startsWith('container:')) return;
  if (mode.slice('container:'.length) === '') {
    throw invalid('Invalid network mode: invalid container format container:<name|id>');
  }
  if (config.Hostname !== '') throw conflict('hostname and the network mode');
  if (links) {
    throw conflict(
      "container type network can't be used with links. This would result in undefined behavior",
    );
  }
  if ((hostConfig.Dns ?? []).length > 0) throw conflict('dns and the network mode');
  if ((hostConfig.ExtraHosts ?? []).length > 0) {
    throw conflict('custom host-to-IP mapping and the network mode');
  }
  if (Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts) {
    throw conflict('port publishing and the container type network mode');
  }
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
    throw conflict('port exposing and the container type network mode');
  }
}

/** Checks `ExtraHosts`. Compat: moby `opts.ValidateExtraHost`. */
export function validateExtraHosts(entries: readonly string[]): void {
  for (const entry of entries) {
    const cut = entry.search(/[:=]/);
    if (cut <= 0) throw invalid(`bad format for add-host: ${JSON.stringify(entry)}`);
    const address = entry.slice(cut + 1);
    if (address !== 'host-gateway' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0) {
      throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
    }
  }
}

/**
 * Checks an endpoint's settings; all that is wrong is said at once. `userDefined`: not one of the networks that are
 * always there. Compat: moby `validateEndpointSettings`.
 */
export function validateEndpoint(
  network: string,
  settings: Partial<EndpointSettings>,
  userDefined: boolean,
): void {
  const wrong = endpointFaults(settings, userDefined);
  if (wrong.length === 0) return;
  throw invalid(`invalid config for network ${network}: invalid endpoint settings:\n${wrong.join('\n')}`);
}

/** What is wrong with an endpoint's settings, whatever the network's subnets are. */
export function endpointFaults(settings: Partial<EndpointSettings>, userDefined: boolean): string[] {
  const { IPv4Address: ipv4 = '', IPv6Address: ipv6 = '', LinkLocalIPs } = settings.IPAMConfig ?? {};
  const wrong: string[] = [];
  if (!userDefined) {
    if (ipv4 !== '' || ipv6 !== '') {
      wrong.push('user specified IP address is supported on user defined networks only');
    }
    if ((settings.Aliases ?? []).length > 0) {
      wrong.push('network-scoped alias is supported only for containers in user defined networks');
    }
  }
  if (ipv4 !== '' && !isIPv4(ipv4)) wrong.push(`invalid IPv4 address: ${ipv4}`);
  if (ipv6 !== '' && !isIPv6(ipv6)) wrong.push(`invalid IPv6 address: ${ipv6}`);
  for (const ip of LinkLocalIPs ?? []) if (isIP(ip) === 0) wrong.push(`invalid link-local IP address: ${ip}`);
  if (settings.MacAddress) wrong.push(...macFaults(settings.MacAddress));
  const sysctls = settings.DriverOpts?.['com.docker.network.endpoint.sysctls'];
  if (sysctls !== undefined) wrong.push(...endpointSysctlFaults(sysctls));
  const name = settings.DriverOpts?.['com.docker.network.endpoint.ifname'];
  if (name !== undefined && !/^(?!(\.{1,2}|all|default)$)[^\s/:]{1,15}$/.test(name)) {
    wrong.push(`invalid interface name ${JSON.stringify(name)}`);
  }
  return wrong;
}

/** Compat: Docker hears of the second and third from the kernel, at start. */
function macFaults(mac: string): string[] {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(mac)) return [`invalid MAC address ${mac}`];
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) {
    return [`invalid MAC address ${mac}: it is that of a group (multicast), not of one interface`];
  }
  return /^[0:-]+$/.test(mac) ? [`invalid MAC address ${mac}: it is all zeros`] : [];
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
