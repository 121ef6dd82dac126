import { createHash } from 'node:crypto';
import { newId } from '../../../base/mod.ts';
import type { Endpoint, Sandbox } from '../../../net/mod.ts';
import type { EndpointSettings } from '../../../spec/docker/mod.ts';
import type { ContainerRecord } from '../../../store/mod.ts';
import type { EngineNetwork } from '../../networks/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { emptyEndpoint } from '../request/network-mode.ts';
import { portMap } from '../request/port-requests.ts';
import { dnsNames } from './endpoint-request.ts';

/** Writes what the sandbox turned out to be into the container's network settings. */
export function applySandbox(
  context: ContainersContext,
  container: Container,
  sandbox: Sandbox | undefined,
): void {
  const { record } = container;
  record.ports = sandbox ? portMap(record.config, sandbox.ports) : {};
  record.sandboxKey = sandbox?.netns ?? '';
  record.sandboxId = sandbox
    ? createHash('sha256').update(`${container.id} ${record.minke.startNumber}`).digest('hex')
    : '';
  if (record.hostConfig.NetworkMode.startsWith('container:')) return;
  for (const name of Object.keys(record.networks)) {
    const network = context.networks.find(name);
    const endpoint = sandbox?.endpoints.find(({ networkId }) => networkId === network.id);
    applyEndpoint(container, network, endpoint);
  }
}

/** Writes one endpoint; without one, what Docker shows of a network that gives none (`host`, `none`). */
export function applyEndpoint(
  container: Container,
  network: Pick<EngineNetwork, 'id' | 'name'>,
  endpoint: Endpoint | undefined,
): void {
  const { networks } = container.record;
  networks[network.name] = {
    ...(networks[network.name] ?? emptyEndpoint()),
    DNSNames: dnsNames(container, network.name, networks[network.name]?.Aliases ?? null),
    NetworkID: network.id,
    EndpointID: endpoint?.endpointId ?? newId(),
    Gateway: shownGateway(endpoint?.gateway),
    IPAddress: endpoint?.ipv4 ?? '',
    IPPrefixLen: endpoint?.ipv4 ? endpoint.prefixLength : 0,
    MacAddress: endpoint?.mac ?? '',
    IPv6Gateway: shownGateway(endpoint?.ipv6Gateway),
    GlobalIPv6Address: endpoint?.ipv6 ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6PrefixLength ?? 0,
  };
}

/** Compat: who reaches all by its interface (ipvlan l3) shows no gateway. */
function shownGateway(gateway = ''): string {
  return gateway === '0.0.0.0' || gateway === '::' ? '' : gateway;
}

/** The endpoints as clients see them. */
export function shownNetworks({ networks }: ContainerRecord): Record<string, EndpointSettings> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, { DesiredMacAddress: _own, ...settings }]) => [name, settings]),
  );
}
