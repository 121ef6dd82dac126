import { EngineError } from '../../../base/mod.ts';
import type { ContainerConfig, HostConfig, MountRequest } from '../../../spec/docker/mod.ts';
import type { MountPointRecord } from '../../../store/mod.ts';
import type { ContainersContext } from '../context.ts';
import { findAsParameter } from '../request/network-mode.ts';
import { imageMountPoint } from './image-mounts.ts';
import { checkMount } from './mount-request.ts';
import { checkDestination, cleanPath, PROPAGATIONS, parseBind, parseMode } from './mount-spec.ts';

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
export async function planMounts(
  context: ContainersContext,
  config: ContainerConfig,
  hostConfig: HostConfig,
  { id: madeFor, created }: { id: string; created: string[] },
): Promise<MountPlan> {
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
      add(
        bindPoint(context, bind.source, bind.destination, bind.readOnly, bind.propagation, bind.mode),
        true,
      );
    else {
      const point = await volumePoint(context, plan, {
        name: bind.source || undefined,
        destination: bind.destination,
        writable: !bind.readOnly,
        driver: hostConfig.VolumeDriver,
      });
      const Spec = { ...point.Spec, ...(bind.noCopy ? { noCopy: true } : {}) };
      add({ ...point, Relabel: bind.mode || 'z', Spec }, true);
    }
  }
  for (const mount of hostConfig.Mounts ?? []) {
    checkMount(mount);
    add(await requestedMount(context, plan, mount), true);
  }
  for (const destination of Object.keys(hostConfig.Tmpfs ?? {})) {
    if (plan.mountPoints[cleanPath(destination)]) {
      throw new EngineError('invalid', `Duplicate mount point: ${cleanPath(destination)}`);
    }
  }
  for (const destination of Object.keys(config.Volumes ?? {}).map(cleanPath)) {
    if (plan.mountPoints[destination] || hostConfig.Tmpfs?.[destination] !== undefined) continue;
    checkDestination(destination, destination, 'volume');
    const driver = hostConfig.VolumeDriver;
    add(await volumePoint(context, plan, { name: undefined, destination, writable: true, driver }), false);
  }
  return plan;
}

/** Compat: a container that is not there is a wrong parameter: at 404 clients would pull the image. */
function inheritedMounts(context: ContainersContext, from: string): MountPointRecord[] {
  if (from === '') {
    throw new EngineError('invalid', 'volumes-from specification cannot be an empty string');
  }
  const cut = from.indexOf(':');
  const mode = cut < 0 ? '' : from.slice(cut + 1);
  const words = parseMode(mode);
  if (words.includes('nocopy') || words.some((word) => PROPAGATIONS.includes(word))) {
    throw new EngineError('invalid', `invalid mode: ${mode}`);
  }
  const source = findAsParameter(context, cut < 0 ? from : from.slice(0, cut));
  return Object.values(source.record.mountPoints).map((point) => ({
    ...point,
    RW: point.RW && !words.includes('ro'),
  }));
}

/** What an entry of `Mounts` that passed `checkMount` becomes. */
async function requestedMount(
  context: ContainersContext,
  plan: MountPlan,
  mount: MountRequest,
): Promise<MountPointRecord> {
  const destination = cleanPath(mount.Target);
  const readOnly = mount.ReadOnly === true;
  const source = mount.Source ?? '';
  switch (mount.Type) {
    case 'bind': {
      const propagation = mount.BindOptions?.Propagation ?? '';
      return {
        ...bindPoint(context, cleanPath(source), destination, readOnly, propagation, ''),
        SkipMountpointCreation: mount.BindOptions?.CreateMountpoint !== true,
        Spec: { ...mount },
      };
    }
    case 'volume': {
      const { Labels, DriverConfig, NoCopy } = mount.VolumeOptions ?? {};
      const point = await volumePoint(context, plan, {
        name: source || undefined,
        destination,
        writable: !readOnly,
        driver: DriverConfig?.Name ?? '',
        labels: Labels ?? null,
        options: DriverConfig?.Options ?? null,
      });
      return { ...point, Relabel: 'z', Spec: { ...mount, noCopy: NoCopy === true } };
    }
    case 'image':
      return imageMountPoint(context, mount, destination);
    default: {
      const nothing = { Source: '', Name: '', Driver: '' };
      return { Type: 'tmpfs', ...nothing, Destination: destination, RW: !readOnly, Spec: { ...mount } };
    }
  }
}

function bindPoint(
  context: ContainersContext,
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
    Propagation: propagationFor(context.settings.dataRoot, source, propagation),
  };
}

/**
 * Compat: moby `validateBindDaemonRoot`: what has the data-root in it, or lies in it, must not keep mounts from going
 * away that containers have there.
 */
function propagationFor(dataRoot: string, source: string, asked: string): string {
  if (!source.startsWith(dataRoot) && !dataRoot.startsWith(source)) return asked || 'rprivate';
  if (asked === '') return 'rslave';
  if (asked === 'rslave' || asked === 'rshared') return asked;
  throw new EngineError(
    'invalid',
    `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, daemon root: ${JSON.stringify(dataRoot)}, bind mount source: ${JSON.stringify(source)}, propagation: ${JSON.stringify(asked)}`,
  );
}

/** Makes the volume if it is not there; it is held for the container that is being made. */
async function volumePoint(
  context: ContainersContext,
  plan: MountPlan,
  wanted: {
    name: string | undefined;
    destination: string;
    writable: boolean;
    driver: string;
    labels?: Record<string, string> | null;
    options?: Record<string, string> | null;
  },
): Promise<MountPointRecord> {
  const { name, destination, writable, driver, labels = null, options = null } = wanted;
  const { record, made } = await context.volumes.ensure({
    name,
    driver,
    labels,
    options,
    user: plan.madeFor,
  });
  if (made) plan.created.push(record.name);
  return {
    Type: 'volume',
    Name: record.name,
    Source: context.volumes.pathOf(record),
    Destination: destination,
    Driver: record.driver,
    RW: writable,
    Relabel: '',
    Propagation: '',
    // Compat: a volume without a source here is removed together with the container, by `rm -v`.
    Spec: { Type: 'volume', ...(name === undefined ? {} : { Source: name }), Target: destination },
  };
}
