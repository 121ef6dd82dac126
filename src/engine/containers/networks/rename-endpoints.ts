import type { Sandbox } from '../../../net/mod.ts';
import type { Container } from '../container.ts';
import { dnsNames } from './endpoint-request.ts';

/**
 * Writes what others on its networks call a container, whose name has changed, into its record. Gives the names by
 * endpoint, for those that are up.
 */
export function renameEndpoints(container: Container): Map<string, string[]> {
  const { networks, minke } = container.record;
  const endpoints = (minke.sandbox as Sandbox | undefined)?.endpoints ?? [];
  const changed = new Map<string, string[]>();
  for (const [network, settings] of Object.entries(networks)) {
    settings.DNSNames = dnsNames(container, network, settings.Aliases);
    const endpoint = endpoints.find(({ networkId }) => networkId === settings.NetworkID);
    if (!endpoint || !settings.DNSNames) continue;
    endpoint.names = settings.DNSNames;
    changed.set(endpoint.endpointId, settings.DNSNames);
  }
  return changed;
}
