import { chownSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { Sandbox } from '../../../net/mod.ts';
import type { ContainerRecord } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { parseNetworkMode } from '../request/network-mode.ts';
import { hostHosts, hostResolvConf, hostsFile, resolvConf } from './host-files.ts';
import { rootOf } from './user-namespace.ts';

/**
 * Writes `hostname`, `hosts` and `resolv.conf` of a start. They are bind-mounted into the container, so they are
 * written in place.
 */
export function writeContainerFiles(
  context: ContainersContext,
  container: Container,
  sandbox: Sandbox | undefined,
  linkedHosts: readonly string[],
): void {
  const { record } = container;
  const { config, hostConfig } = record;
  const mode = parseNetworkMode(context, hostConfig.NetworkMode);
  if (mode.kind === 'container') {
    shareNames(record, context.directory.find(mode.container).record);
    return;
  }
  const { settings } = context;
  const name = config.Hostname || hostname();
  writeFileSync(record.hostnamePath, `${name}\n`, { mode: 0o644 });
  const hosts = hostsFile({
    ...(hostConfig.NetworkMode === 'host' ? { base: hostHosts() } : {}),
    hostname: name,
    domainname: config.Domainname,
    addresses: sandbox?.endpoints.map(({ ipv4 }) => ipv4) ?? [],
    extraHosts: hostConfig.ExtraHosts ?? [],
    gateways:
      settings.hostGatewayIps.length > 0
        ? settings.hostGatewayIps
        : [sandbox?.endpoints[0]?.gateway ?? '127.0.0.1'],
  });
  writeFileSync(record.hostsPath, [hosts, ...linkedHosts.map((line) => `${line}\n`)].join(''), {
    mode: 0o644,
  });
  const asked = (own: string[] | null, daemon: string[]) => (own && own.length > 0 ? own : daemon);
  const dns = {
    servers: asked(hostConfig.Dns, settings.dns),
    search: asked(hostConfig.DnsSearch, settings.dnsSearch),
    options: asked(hostConfig.DnsOptions, settings.dnsOptions),
  };
  const ownNamespace = (sandbox?.endpoints.length ?? 0) > 0;
  const { uid, gid } = rootOf(context, hostConfig);
  writeFileSync(record.resolvConfPath, resolvConf(hostResolvConf(), dns, ownNamespace), { mode: 0o644 });
  if (uid === 0) return;
  // The container's root writes into them, and comes by here.
  chownSync(dirname(record.hostnamePath), 0, gid);
  for (const path of [record.hostnamePath, record.hostsPath, record.resolvConfPath])
    chownSync(path, uid, gid);
}

/** Compat: moby `initializeNetworking`: who is in another one's network has its names and files. */
function shareNames(record: ContainerRecord, other: ContainerRecord): void {
  record.config.Hostname = other.config.Hostname;
  record.config.Domainname = other.config.Domainname;
  record.hostnamePath = other.hostnamePath;
  record.hostsPath = other.hostsPath;
  record.resolvConfPath = other.resolvConfPath;
}
