import type { RuntimeNamespace } from '../../spec/oci/runtime.ts';
import type { BundleInput } from './input.ts';

/** New namespaces, and paths of those to join. One that is not in the list is the host's. */
export function containerNamespaces({
  hostConfig,
  host,
  netns,
  userns,
  joined,
}: BundleInput): RuntimeNamespace[] {
  const result: RuntimeNamespace[] = [{ type: 'mount' }];
  const add = (type: RuntimeNamespace['type'], path: string | undefined) =>
    result.push({ type, ...(path !== undefined && { path }) });
  if (userns) add('user', userns.path);
  if (netns !== 'host') add('network', netns?.path);
  if (hostConfig.UTSMode !== 'host') add('uts', joined?.uts);
  if (hostConfig.IpcMode !== 'host') add('ipc', joined?.ipc);
  if (hostConfig.PidMode !== 'host') add('pid', joined?.pid);
  if (hasPrivateCgroup(hostConfig.CgroupnsMode, host.cgroupVersion)) add('cgroup', undefined);
  return result;
}

/** Compat: private on v2, the host's on v1, unless asked for. */
function hasPrivateCgroup(mode: string, version: 1 | 2): boolean {
  return mode === '' ? version === 2 : mode === 'private';
}
