import type { Directory } from '../engine/containers/mod.ts';
import { isRunning } from '../engine/containers/mod.ts';
import type { ImageUsers } from '../engine/images/mod.ts';
import type { NetworkUsers } from '../engine/networks/mod.ts';
import type { VolumeUsers } from '../engine/volumes/mod.ts';
import type { NetworkContainer } from '../spec/docker/mod.ts';
import type { ContainerRecord } from '../store/mod.ts';

/** Answers what images, networks and volumes ask about containers, which they do not import. */
export function containerUsers(
  directory: Directory,
): NetworkUsers & { images: ImageUsers; volumes: VolumeUsers } {
  return {
    images: {
      usersOf: (id) =>
        directory
          .all()
          .filter(({ record }) => record.image === id || mountsImage(record, id))
          .map((container) => ({ containerId: container.id, running: isRunning(container.status) })),
      counts: () => {
        const counts = new Map<string, number>();
        for (const { record } of directory.all())
          counts.set(record.image, (counts.get(record.image) ?? 0) + 1);
        return counts;
      },
    },
    volumes: {
      usersOf: (name) =>
        directory
          .all()
          .filter(({ record }) => Object.values(record.mountPoints).some((point) => point.Name === name))
          .map(({ id }) => id),
    },
    endpoints: () => {
      const networks = new Map<string, Record<string, NetworkContainer>>();
      for (const container of directory.all()) {
        if (!isRunning(container.status)) continue;
        for (const settings of Object.values(container.record.networks)) {
          const { NetworkID: networkId } = settings;
          if (networkId === '' || settings.EndpointID === '') continue;
          const endpoints = networks.get(networkId) ?? {};
          networks.set(networkId, endpoints);
          endpoints[container.id] = {
            Name: container.name,
            EndpointID: settings.EndpointID,
            MacAddress: settings.MacAddress,
            IPv4Address: settings.IPAddress ? `${settings.IPAddress}/${settings.IPPrefixLen}` : '',
            IPv6Address: settings.GlobalIPv6Address
              ? `${settings.GlobalIPv6Address}/${settings.GlobalIPv6PrefixLen}`
              : '',
          };
        }
      }
      return networks;
    },
  };
}

function mountsImage({ mountPoints }: ContainerRecord, id: string): boolean {
  return Object.values(mountPoints).some(({ Type, Spec }) => Type === 'image' && Spec?.['Source'] === id);
}
