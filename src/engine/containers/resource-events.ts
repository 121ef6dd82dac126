import type { EngineNetwork } from '../networks/mod.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';

/** Publishes that a container joins, or leaves, its networks. Compat: also for `none` and `host`. */
export function announceNetworks(
  context: ContainersContext,
  container: Container,
  action: 'connect' | 'disconnect',
): void {
  if (container.record.hostConfig.NetworkMode.startsWith('container:')) return;
  for (const name of Object.keys(container.record.networks)) {
    const network = context.networks.findIfThere(name);
    if (network) announceNetwork(context, container, network, action);
  }
}

export function announceNetwork(
  context: ContainersContext,
  container: Container,
  { id, name, driver }: Pick<EngineNetwork, 'id' | 'name' | 'driver'>,
  action: 'connect' | 'disconnect',
): void {
  context.events.publish('network', action, id, { container: container.id, name, type: driver });
}

/** Publishes that a container's volumes are mounted, or unmounted. Compat: binds and tmpfs have no such event. */
export function announceVolumes(
  context: ContainersContext,
  container: Container,
  action: 'mount' | 'unmount',
): void {
  for (const point of Object.values(container.record.mountPoints)) {
    if (point.Type !== 'volume') continue;
    const attributes = { container: container.id, driver: point.Driver };
    const where = {
      destination: point.Destination,
      propagation: point.Propagation ?? '',
      'read/write': String(point.RW),
    };
    context.events.publish('volume', action, point.Name, {
      ...attributes,
      ...(action === 'mount' ? where : {}),
    });
  }
}
