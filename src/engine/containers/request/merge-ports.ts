import { EngineError } from '../../../base/mod.ts';
import type { HostConfig, PortMap } from '../../../spec/docker/mod.ts';
import { validatePorts } from './port-requests.ts';

/** Ours: ports that a container gets or loses while it is there. Of the extension object `Minke` of an update. */
export interface PortChange {
  PublishAdd: PortMap | null;
  /** A binding without address and port stands for all bindings of that port of the container. */
  PublishRemove: PortMap | null;
}

/**
 * `PortBindings` after a change. Throws `invalid` for what is no port, `conflict` where something to be removed is not
 * there, or the container has no ports of its own.
 */
export function mergePorts(current: HostConfig, change: PortChange): PortMap {
  const [mode = ''] = current.NetworkMode.split(':');
  if (mode === 'host' || mode === 'container') {
    throw new EngineError('conflict', `ports cannot be published in network mode ${mode}`);
  }
  const bindings = structuredClone(current.PortBindings ?? {});
  for (const [key, gone] of Object.entries(withProtocols(change.PublishRemove))) {
    for (const binding of gone ?? []) {
      const there = bindings[key] ?? [];
      const isAll = binding.HostIp === '' && binding.HostPort === '';
      const left = there.filter(
        ({ HostIp, HostPort }) => !isAll && (HostIp !== binding.HostIp || HostPort !== binding.HostPort),
      );
      if (left.length === there.length) throw notPublished(key, binding);
      if (left.length > 0) bindings[key] = left;
      else delete bindings[key];
    }
  }
  const added = withProtocols(change.PublishAdd);
  validatePorts({ ExposedPorts: {} }, { PortBindings: added });
  for (const [key, more] of Object.entries(added)) {
    bindings[key] = [...(bindings[key] ?? []), ...(more ?? [])];
  }
  return bindings;
}

function withProtocols(ports: PortMap | null): PortMap {
  return Object.fromEntries(
    Object.entries(ports ?? {}).map(([key, bindings]) => [
      key.includes('/') ? key : `${key}/tcp`,
      bindings && bindings.length > 0 ? bindings : [{ HostIp: '', HostPort: '' }],
    ]),
  );
}

function notPublished(key: string, { HostIp, HostPort }: { HostIp: string; HostPort: string }): EngineError {
  const where = [HostIp, HostPort].filter((part) => part !== '').join(':');
  return new EngineError('conflict', `port ${key} is not published${where === '' ? '' : ` at ${where}`}`);
}
