import { chownSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { Sandbox } from '../../../net/mod.ts';
import type { ContainerRecord } from '../../../store/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { parseNetworkMode } from '../request/network-mode.ts';
import { updateResolvConf, writeResolvConf } from './container-dns.ts';
import { updateHosts, writeHosts } from './container-hosts.ts';
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
  const mode = parseNetworkMode(context, record.hostConfig.NetworkMode);
  if (mode.kind === 'container') {
    shareNames(record, context.directory.find(mode.container).record);
    return;
  }
  writeFileSync(record.hostnamePath, `${record.config.Hostname || hostname()}\n`, { mode: 0o644 });
  writeHosts(context, record, sandbox, linkedHosts);
  writeResolvConf(context, record, sandbox);
  const { uid, gid } = rootOf(context, record.hostConfig);
  if (uid === 0) return;
  // The container's root writes into them, and comes by here.
  chownSync(dirname(record.hostnamePath), 0, gid);
  for (const path of [record.hostnamePath, record.hostsPath, record.resolvConfPath])
    chownSync(path, uid, gid);
}

/** Makes the files of a running container say which networks it is in now; what somebody changed stays. */
export function updateContainerFiles(
  context: ContainersContext,
  record: ContainerRecord,
  change: { before: Sandbox; sandbox: Sandbox },
): void {
  try {
    updateHosts(record, change);
    updateResolvConf(context, record, change);
  } catch (error) {
    // Compat: the container is in its networks all the same, and Docker only logs it.
    context.log.warn('cannot update the name files of a container', { container: record.id, error });
  }
}

/** Compat: moby `initializeNetworking`: who is in another one's network has its names and files. */
function shareNames(record: ContainerRecord, other: ContainerRecord): void {
  record.config.Hostname = other.config.Hostname;
  record.config.Domainname = other.config.Domainname;
  record.hostnamePath = other.hostnamePath;
  record.hostsPath = other.hostsPath;
  record.resolvConfPath = other.resolvConfPath;
}
