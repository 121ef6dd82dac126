import type { ContainerId, Logger } from '../../base/mod.ts';
import type { Rtnetlink } from '../../sys/mod.ts';
import { removeLinks } from '../bridge/bridge.ts';
import type { Sandbox } from '../net.ts';
import { cutEndpoint, isHostInterfaceName } from './bridge-endpoint.ts';
import type { Namespaces } from './namespace.ts';

/**
 * Removes pinned namespaces, and veths on our bridges, that are no live container's. One container's trouble must not
 * keep the daemon from starting: what fails is logged.
 */
export async function removeOrphans(context: {
  host: Rtnetlink;
  namespaces: Namespaces;
  bridges: readonly string[];
  live: ReadonlyMap<ContainerId, Sandbox>;
  log: Logger;
}): Promise<void> {
  const { host, namespaces, bridges, live, log } = context;
  const attempt = (what: string, name: string, act: () => void) => {
    try {
      act();
    } catch (error) {
      log.error(what, { name, error });
    }
  };
  for (const name of namespaces.list()) {
    if (live.has(name as ContainerId)) continue;
    log.info('removing a network namespace without a container', { name });
    attempt('cannot remove a network namespace', name, () => namespaces.remove(name));
  }
  const links = host.links();
  const ours = new Set(links.filter((link) => bridges.includes(link.name)).map((link) => link.index));
  const wanted = new Set([...live.values()].flatMap((each) => each.endpoints.map((e) => e.hostInterface)));
  const orphans = links
    .filter((link) => link.kind === 'veth' && ours.has(link.master) && isHostInterfaceName(link.name))
    .map((link) => link.name)
    .filter((name) => !wanted.has(name));
  for (const name of orphans) {
    attempt('cannot cut an interface off', name, () => cutEndpoint(host, name));
  }
  await removeLinks(orphans).catch((error: unknown) => {
    log.error('cannot remove interfaces', { names: orphans, error });
  });
}
