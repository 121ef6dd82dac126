import type { ContainerFiles, Containers, Execs } from '../../engine/containers/mod.ts';
import type { Events } from '../../engine/events/mod.ts';
import type { Images } from '../../engine/images/mod.ts';
import type { NetworksBackend } from '../../engine/networks/mod.ts';
import type { System } from '../../engine/system/mod.ts';
import type { VolumesBackend } from '../../engine/volumes/mod.ts';
import type { AnyRoute } from '../http/route.ts';
import { containerFileRoutes } from './container-files.ts';
import { containerRoutes } from './containers.ts';
import { eventRoutes } from './events.ts';
import { execRoutes } from './execs.ts';
import { imageRoutes } from './images.ts';
import { networkRoutes } from './networks.ts';
import { notYetRoutes } from './not-yet.ts';
import { pingRoutes } from './ping.ts';
import { pluginRoutes } from './plugins.ts';
import { type RegistryLookups, registryRoutes } from './registry.ts';
import { swarmRoutes } from './swarm.ts';
import { systemRoutes } from './system.ts';
import { volumeRoutes } from './volumes.ts';

/** The parts of the engine that the API speaks for. */
export interface ApiBackends {
  containers: Containers;
  execs: Execs;
  files: ContainerFiles;
  images: Images;
  networks: NetworksBackend;
  volumes: VolumesBackend;
  system: System;
  events: Pick<Events, 'subscribe'>;
  registry: RegistryLookups;
}

/** The whole table; where two patterns match, the one that stands first wins. */
export function allRoutes(backends: ApiBackends, host: { cgroupUnified: boolean }): AnyRoute[] {
  return [
    ...pingRoutes(),
    ...systemRoutes(backends.system),
    ...registryRoutes(backends.registry),
    ...eventRoutes(backends.events),
    // Before the nouns, whose patterns end in a name of any depth.
    ...notYetRoutes(),
    ...execRoutes(backends.execs),
    ...containerFileRoutes(backends.files),
    ...containerRoutes(backends.containers, host),
    ...imageRoutes(backends.images),
    ...networkRoutes(backends.networks, backends.containers),
    ...volumeRoutes(backends.volumes),
    ...swarmRoutes(),
    ...pluginRoutes(),
  ];
}
