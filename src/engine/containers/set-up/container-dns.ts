import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ResolverSettings, Sandbox } from '../../../net/mod.ts';
import type { ContainerRecord } from '../../../store/mod.ts';
import { atomicWrite } from '../../../sys/mod.ts';
import type { ContainersContext } from '../context.ts';
import { hostResolvConf } from './host-files.ts';
import { type ContainerDns, containerDns, type DnsSettings, type Transform } from './resolv-conf.ts';

/** How our name server gets at what it does not know, for a container that joins a network with names. */
export function resolverSettings(
  { settings }: Pick<ContainersContext, 'settings'>,
  { hostConfig }: Pick<ContainerRecord, 'hostConfig'>,
): ResolverSettings {
  const host = hostResolvConf({ asItIs: false });
  const asked = askedDns(settings, hostConfig);
  const { upstreams, ndotsSet } = containerDns(host, asked, { transform: 'internal resolver', ipv6: false });
  return { upstreams, ndotsSet };
}

/** Writes the resolv.conf of a start. It is mounted into the container, so it is written in place. */
export function writeResolvConf(
  context: Pick<ContainersContext, 'settings'>,
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
): void {
  const { text } = dnsOf(context, record, sandbox);
  writeFileSync(record.resolvConfPath, text, { mode: 0o644 });
  // Crash: a hash that is not that of the file says that somebody changed it, and then nobody else does.
  atomicWrite(hashPath(record), hashOf(text), { mode: 0o644 });
}

/**
 * Writes it anew after the networks of a running container changed, unless somebody has changed it. Compat: libnetwork:
 * once our name server answers, it stays so.
 */
export function updateResolvConf(
  context: Pick<ContainersContext, 'settings'>,
  record: ContainerRecord,
  change: { before: Sandbox; sandbox: Sandbox },
): void {
  if (change.before.resolver || isChanged(record)) return;
  writeResolvConf(context, record, change.sandbox);
}

/** Compat: moby `resolvconf.UserModified`: where there is no hash, nobody is believed to have changed it. */
function isChanged(record: ContainerRecord): boolean {
  let expected: string;
  try {
    expected = readFileSync(hashPath(record), 'utf8');
  } catch {
    return false;
  }
  return hashOf(readFileSync(record.resolvConfPath)) !== expected.trim();
}

/** Compat: where Docker has it, in its form. */
const hashPath = ({ resolvConfPath }: ContainerRecord): string => `${resolvConfPath}.hash`;

const hashOf = (content: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

function dnsOf(
  { settings }: Pick<ContainersContext, 'settings'>,
  { hostConfig }: ContainerRecord,
  sandbox: Sandbox | undefined,
): ContainerDns {
  const asked = askedDns(settings, hostConfig);
  const nothingAsked = [asked.servers, asked.search, asked.options].every((list) => list.length === 0);
  const host = hostResolvConf({ asItIs: hostConfig.NetworkMode === 'host' && nothingAsked });
  const endpoints = sandbox?.endpoints ?? [];
  const transform: Transform =
    endpoints.length === 0 ? 'none' : sandbox?.resolver ? 'internal resolver' : 'legacy';
  return containerDns(host, asked, { transform, ipv6: endpoints.some(({ ipv6 }) => ipv6) });
}

function askedDns(
  settings: ContainersContext['settings'],
  { Dns, DnsSearch, DnsOptions }: ContainerRecord['hostConfig'],
): DnsSettings {
  const asked = (own: string[] | null, daemon: string[]) => (own && own.length > 0 ? own : daemon);
  return {
    servers: asked(Dns, settings.dns),
    search: asked(DnsSearch, settings.dnsSearch),
    options: asked(DnsOptions, settings.dnsOptions),
  };
}
