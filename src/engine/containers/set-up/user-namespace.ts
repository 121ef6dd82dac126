import { EngineError } from '../../../base/mod.ts';
import type { HostConfig } from '../../../spec/docker/mod.ts';
import { type IdMap, type Owner, outsideOwner } from '../../../spec/id-map.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';

const ROOT: Owner = { uid: 0, gid: 0 };

/** The user namespace of one start. */
export interface Userns {
  path: string;
  map: IdMap;
  /** A network namespace that belongs to it; undefined where another container's is joined. */
  network: number | undefined;
}

/** The map of a container's owners; undefined if it is in the host's user namespace. */
export function mapOf(context: ContainersContext, { UsernsMode }: HostConfig): IdMap | undefined {
  return UsernsMode === 'host' ? undefined : context.settings.idMap;
}

/** Who the container's root is on the host. */
export function rootOf(context: ContainersContext, hostConfig: HostConfig): Owner {
  const map = mapOf(context, hostConfig);
  return map ? outsideOwner(map, ROOT) : ROOT;
}

/** Compat: what cannot be had in a user namespace, in moby's words (`verifyPlatformContainerSettings`). */
export function checkUserNamespace(context: ContainersContext, hostConfig: HostConfig): void {
  if (!mapOf(context, hostConfig)) return;
  const refuse = (why: string) => new EngineError('invalid', why);
  if (hostConfig.Privileged) {
    throw refuse(
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    );
  }
  if (hostConfig.NetworkMode === 'host') {
    throw refuse("cannot share the host's network namespace when user namespaces are enabled");
  }
  if (hostConfig.PidMode === 'host') {
    throw refuse('cannot share the host PID namespace when user namespaces are enabled');
  }
}

/**
 * Makes the user namespace of a start, with a network namespace that belongs to it. A container that joins namespaces
 * of another one is in that one's user namespace, as the kernel wants it. The caller closes `network`.
 */
export async function openUserns(
  context: ContainersContext,
  container: Container,
): Promise<Userns | undefined> {
  const { hostConfig } = container.record;
  const map = mapOf(context, hostConfig);
  if (!map) return undefined;
  const donor = donorOf(context, hostConfig);
  if (!donor) return { map, ...(await context.prepared.userNamespace(container.id, map)) };
  const path = context.prepared.userNamespaceOf(donor);
  const joinsNetwork = hostConfig.NetworkMode.startsWith('container:');
  return { map, path, network: joinsNetwork ? undefined : await context.prepared.networkIn(path) };
}

/** The container whose user namespace is joined with another of its namespaces: it may itself be a guest. */
function donorOf(
  context: ContainersContext,
  { NetworkMode, IpcMode, PidMode }: HostConfig,
): string | undefined {
  for (const mode of [NetworkMode, IpcMode, PidMode]) {
    const ref = /^container:(.+)$/.exec(mode)?.[1];
    if (ref === undefined) continue;
    const { id, record } = context.directory.find(ref);
    if (mapOf(context, record.hostConfig)) return donorOf(context, record.hostConfig) ?? id;
  }
  return undefined;
}
