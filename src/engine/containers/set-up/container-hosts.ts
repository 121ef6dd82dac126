import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { EngineError } from '../../../base/mod.ts';
import type { Endpoint, Sandbox } from '../../../net/mod.ts';
import type { ContainerRecord } from '../../../store/mod.ts';
import type { ContainersContext } from '../context.ts';
import { hostHosts } from './host-files.ts';
import { hostsFile, ownLines, withLines, withoutLines } from './hosts-file.ts';

/**
 * Writes the hosts file of a start, with `more` at its end. It is mounted into the container, so it is written in place.
 * Throws in Docker's words where `host-gateway` means nothing.
 */
export function writeHosts(
  context: ContainersContext,
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
  more: readonly string[],
): void {
  const extraHosts = record.hostConfig.ExtraHosts ?? [];
  // Compat: with extra hosts, the file of a container in the host's network is not the host's.
  const text =
    record.hostConfig.NetworkMode === 'host' && extraHosts.length === 0
      ? hostHosts()
      : hostsFile({
          ipv6: hasIpv6(record),
          extraHosts,
          gateways: extraHosts.some(namesGateway) ? hostGateways(context) : [],
          own: linesOf(record, sandbox?.endpoints ?? []),
        });
  writeFileSync(record.hostsPath, withLines(text, more), { mode: 0o644 });
}

/** Adds and takes away the lines of endpoints that came and went while the container runs. */
export function updateHosts(record: ContainerRecord, change: { before: Sandbox; sandbox: Sandbox }): void {
  const { before, sandbox } = change;
  const missingIn = (list: readonly Endpoint[]) => (one: Endpoint) =>
    !list.some(({ endpointId }) => endpointId === one.endpointId);
  const gone = linesOf(record, before.endpoints.filter(missingIn(sandbox.endpoints)));
  const come = linesOf(record, sandbox.endpoints.filter(missingIn(before.endpoints)));
  if (gone.length + come.length === 0) return;
  const text = readFileSync(record.hostsPath, 'utf8');
  writeFileSync(record.hostsPath, withLines(gone.length > 0 ? withoutLines(text, gone) : text, come));
}

function linesOf(record: ContainerRecord, endpoints: readonly Endpoint[]): string[] {
  const { Hostname, Domainname } = record.config;
  const ipv6 = hasIpv6(record);
  const addresses = endpoints.flatMap((one) => [one.ipv4, ipv6 ? (one.ipv6 ?? '') : '']);
  return ownLines(
    { hostname: Hostname || hostname(), domainname: Domainname },
    addresses.filter((address) => address !== ''),
  );
}

/** Compat: moby looks for `::1` in the namespace, which is there unless this was asked for. */
function hasIpv6({ hostConfig }: ContainerRecord): boolean {
  return !['all', 'lo'].some((name) => hostConfig.Sysctls?.[`net.ipv6.conf.${name}.disable_ipv6`] === '1');
}

const namesGateway = (entry: string): boolean => /[:=]host-gateway$/.test(entry);

/** Compat: the addresses of the default bridge, whatever network the container is in. */
function hostGateways({ settings, networks }: ContainersContext): readonly string[] {
  if (settings.hostGatewayIps.length > 0) return settings.hostGatewayIps;
  const { network } = networks.find('bridge');
  const bridge = network?.driver === 'bridge' ? network : undefined;
  const gateways = [bridge?.gateway, bridge?.ipv6?.gateway].flatMap((address) => address || []);
  if (gateways.length > 0) return gateways;
  throw new EngineError('internal', 'unable to derive the IP value for host-gateway');
}
