import { type EndpointId, newId, shortId } from '../../../base/mod.ts';
import type { EndpointRequest, Network } from '../../../net/mod.ts';
import type { EndpointSettings } from '../../../spec/docker/mod.ts';
import type { EndpointRecord } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { isUserDefined } from '../request/network-mode.ts';
import { resolverSettings } from '../set-up/container-dns.ts';

const INTERFACE_NAME = 'com.docker.network.endpoint.ifname';
const SYSCTLS = 'com.docker.network.endpoint.sysctls';

/** What `net` is asked to make of a container's settings on one network. */
export function endpointRequest(
  context: ContainersContext,
  container: Container,
  network: Network,
  settings: EndpointRecord,
): EndpointRequest {
  const { IPv4Address: ipv4, IPv6Address: ipv6 } = settings.IPAMConfig ?? {};
  const links = linksOf(context, settings.Links);
  const name = settings.DriverOpts?.[INTERFACE_NAME];
  const names = dnsNames(container, network.name, settings.Aliases) ?? [];
  const sysctls = settings.DriverOpts?.[SYSCTLS];
  return {
    endpointId: newId<EndpointId>(),
    network,
    names,
    ...(names.length > 0 && { resolver: resolverSettings(context, container.record) }),
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    ...(settings.DesiredMacAddress && { mac: settings.DesiredMacAddress.replaceAll('-', ':') }),
    ...(settings.GwPriority !== 0 && { gatewayPriority: settings.GwPriority }),
    ...(name && { interface: name }),
    ...(sysctls && { sysctls }),
    ...(links && { links }),
  };
}

/**
 * The names that others on a user's network have for a container; null on the ones that are always there. Compat: moby
 * `buildEndpointDNSNames`, whose first one answers for the address.
 */
export function dnsNames(
  { id, name, record }: Container,
  network: string,
  aliases: readonly string[] | null,
): string[] | null {
  if (!isUserDefined(network)) return null;
  const names = [name, ...(aliases ?? []), shortId(id), record.config.Hostname];
  return [...new Set(names.filter((one) => one !== ''))];
}

/** Alias → id of `Links`, `name` or `name:alias`. Those that name nobody are passed over, as they may come later. */
function linksOf(
  { directory }: ContainersContext,
  links: EndpointSettings['Links'],
): Record<string, string> | undefined {
  if (!links?.length) return undefined;
  const found: Record<string, string> = {};
  for (const link of links) {
    const [ref = '', alias = ref] = link.split(':');
    const child = directory.all().find((one) => one.id === ref || one.name === ref);
    if (child) found[alias] = child.id;
  }
  return found;
}
