import { existsSync } from 'node:fs';
import { EngineError } from '../../base/mod.ts';
import type { ContainerConfig, HostConfig, MountRequest } from '../../spec/docker/mod.ts';
import type { MountPointRecord } from '../../store/mod.ts';
import type { ContainersContext } from './context.ts';
import { checkDestination, cleanPath, parseBind } from './mount-spec.ts';

export interface MountPlan {
  mountPoints: Record<string, MountPointRecord>;
  /** Volumes that this plan made, to be undone if the create fails. */
  created: string[];
  /** The container's id. */
  madeFor: string;
}

/**
 * Everything that is mounted into a new container: `Mounts`, `Binds`, `VolumesFrom`, and the image's volumes for
 * destinations that nothing else takes. Volumes are made on the way. Compat: moby `registerMountPoints`.
 */
export function planMounts(
  context: ContainersContext,
  config: ContainerConfig,
  hostConfig: HostConfig,
  { id: madeFor, created }: { id: string; created: string[] },
): MountPlan {
  const plan: MountPlan = { mountPoints: {}, created, madeFor };
  const add = (point: MountPointRecord, explicit: boolean) => {
    if (explicit && plan.mountPoints[point.Destination] && !inherited.has(point.Destination)) {
      throw new EngineError('invalid', `Duplicate mount point: ${point.Destination}`);
    }
    inherited.delete(point.Destination);
    plan.mountPoints[point.Destination] = point;
  };
  const inherited = new Set<string>();
  for (const from of hostConfig.VolumesFrom ?? []) {
    for (const point of inheritedMounts(context, from)) {
      plan.mountPoints[point.Destination] = point;
      inherited.add(point.Destination);
    }
  }
  for (const raw of hostConfig.Binds ?? []) {
    const bind = parseBind(raw);
    if (bind.type === 'bind')
      add(bindPoint(bind.source, bind.destination, bind.readOnly, bind.propagation, bind.mode), true);
    else {
      const driver = hostConfig.VolumeDriver || 'local';
      const point = volumePoint(
        context,
        plan,
        bind.source || undefined,
        bind.destination,
        !bind.readOnly,
        driver,
        {},
        {},
      );
      add({ ...point, Relabel: bind.mode || 'z', ...(bind.noCopy ? { Spec: { noCopy: true } } : {}) }, true);
    }
  }
  for (const mount of hostConfig.Mounts ?? []) add(requestedMount(context, plan, mount), true);
  for (const destination of Object.keys(config.Volumes ?? {}).map(cleanPath)) {
    if (plan.mountPoints[destination] || hostConfig.Tmpfs?.[destination] !== undefined) continue;
    checkDestination(destination, destination);
    add(volumePoint(context, plan, undefined, destination, true, 'local', {}, {}), false);
  }
  return plan;
}

/** Compat: a container that is not there is a wrong parameter: at 404 clients would pull the image. */
function inheritedMounts(context: ContainersContext, from: string): MountPointRecord[] {
  const [ref = '', mode = 'rw'] = from.split(':');
  if (!['ro', 'rw', 'z', 'Z'].includes(mode)) {
    throw new EngineError('invalid', `invalid mode for volumes-from: ${mode}`);
  }
  const source = context.directory.find(ref);
  return Object.values(source.record.mountPoints).map((point) => ({
    ...point,
    RW: point.RW && mode !== 'ro',
  }));
}

function requestedMount(context: ContainersContext, plan: MountPlan, mount: MountRequest): MountPointRecord {
  const wrong = (text: string) =>
    new EngineError('invalid', `invalid mount config for type "${mount.Type}": ${text}`);
  if (!mount.Target) throw wrong('field Target must not be empty');
  if (!mount.Target.startsWith('/'))
    throw wrong(`invalid mount path: '${mount.Target}' mount path must be absolute`);
  const destination = cleanPath(mount.Target);
  if (destination === '/') throw wrong(`invalid specification: destination can't be '/'`);
  switch (mount.Type) {
    case 'bind': {
      if (!mount.Source) throw wrong('field Source must not be empty');
      if (!mount.Source.startsWith('/')) {
        throw wrong(`invalid mount path: '${mount.Source}' mount path must be absolute`);
      }
      if (!mount.BindOptions?.CreateMountpoint && !existsSync(mount.Source)) {
        throw wrong(`bind source path does not exist: ${mount.Source}`);
      }
      const propagation = mount.BindOptions?.Propagation || 'rprivate';
      return {
        ...bindPoint(cleanPath(mount.Source), destination, mount.ReadOnly === true, propagation, ''),
        SkipMountpointCreation: mount.BindOptions?.CreateMountpoint !== true,
        Spec: { ...mount },
      };
    }
    case 'volume': {
      const { Labels = {}, DriverConfig = {} } = mount.VolumeOptions ?? {};
      const driver = DriverConfig.Name || 'local';
      const name = mount.Source || undefined;
      const options = DriverConfig.Options ?? {};
      const point = volumePoint(
        context,
        plan,
        name,
        destination,
        mount.ReadOnly !== true,
        driver,
        Labels,
        options,
      );
      return { ...point, Relabel: 'z', Spec: { ...mount, noCopy: mount.VolumeOptions?.NoCopy === true } };
    }
    case 'tmpfs':
      if (mount.Source) throw wrong('field Source must not be specified');
      return {
        Type: 'tmpfs',
        Source: '',
        Name: '',
        Driver: '',
        Destination: destination,
        RW: mount.ReadOnly !== true,
        Spec: { ...mount },
      };
    default:
      throw new EngineError('invalid', `mount type unknown: "${mount.Type}"`);
  }
}

function bindPoint(
  source: string,
  destination: string,
  readOnly: boolean,
  propagation: string,
  mode: string,
): MountPointRecord {
  return {
    Type: 'bind',
    Source: source,
    Destination: destination,
    RW: !readOnly,
    Name: '',
    Driver: '',
    Relabel: mode,
    Propagation: propagation,
  };
}

function volumePoint(
  context: ContainersContext,
  plan: MountPlan,
  name: string | undefined,
  destination: string,
  writable: boolean,
  driver: string,
  labels: Record<string, string>,
  options: Record<string, string>,
): MountPointRecord {
  const known = name !== undefined && context.volumes.get(name) !== undefined;
  const volume = context.volumes.ensure(name, driver, labels, options, plan.madeFor);
  if (!known) plan.created.push(volume.name);
  return {
    Type: 'volume',
    Name: volume.name,
    Source: context.volumes.mountpoint(volume.name),
    Destination: destination,
    Driver: volume.driver,
    RW: writable,
    Relabel: '',
    Propagation: '',
  };
}
