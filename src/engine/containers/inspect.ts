import { securityOptions } from '../../runtime/mod.ts';
import type { ContainerInspect, ContainerState, MountPoint, NetworkSettings } from '../../spec/docker/mod.ts';
import type { ContainerRecord, MountPointRecord } from '../../store/mod.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { isRunning } from './life/status.ts';
import { shownNetworks } from './networks/apply-sandbox.ts';
import { shownLinks } from './set-up/links.ts';

/** The whole of a container, newest shape with the fields that older versions saw. */
export async function inspect(
  context: ContainersContext,
  container: Container,
  options: { size: boolean },
): Promise<ContainerInspect> {
  const { record } = container;
  const mount = context.layers.getMount(record.id);
  const execs = context.execs.idsOf(record.id);
  // Compat: shown from the first try to start on.
  const tried = record.minke.startNumber > 0 || record.hasBeenStartedBefore;
  const answer: ContainerInspect = {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: stateOf(container),
    Image: record.image,
    ResolvConfPath: tried ? record.resolvConfPath : '',
    HostnamePath: tried ? record.hostnamePath : '',
    HostsPath: tried ? record.hostsPath : '',
    LogPath: tried ? record.logPath : '',
    Name: record.name,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: securityOptions(record.hostConfig.SecurityOpt).appArmor ?? '',
    ExecIDs: execs.length > 0 ? execs : null,
    HostConfig: record.hostConfig.Links
      ? { ...record.hostConfig, Links: shownLinks(context, container) }
      : record.hostConfig,
    GraphDriver: { Name: 'overlay2', Data: mount ? { ID: record.id, ...mount.graphData() } : null },
    Mounts: Object.values(record.mountPoints).map(mountPoint),
    Config: record.config,
    NetworkSettings: networkSettings(record),
  };
  if (options.size) {
    const own = await context.layers.mountSize(record.id);
    answer.SizeRw = own;
    answer.SizeRootFs = own + (mount?.parent ? context.layers.chainSize(mount.parent) : 0);
  }
  return answer;
}

/** Docker's `State`, whose booleans are derived from the status. */
export function stateOf(container: Container): ContainerState {
  const { state } = container.record;
  return {
    Status: state.status,
    Running: isRunning(state.status),
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health ? { Health: state.health } : {}),
  };
}

/** One row of `Mounts`. tmpfs mounts are shown only where they came by `--mount`, as on Docker. */
export function mountPoint(point: MountPointRecord): MountPoint {
  const base = {
    Source: point.Source,
    Destination: point.Destination,
    Mode: point.Relabel ?? '',
    RW: point.RW,
    Propagation: point.Propagation ?? '',
  };
  if (point.Type === 'volume') return { Type: 'volume', Name: point.Name, ...base, Driver: point.Driver };
  // Compat: of an image, the reference is its name.
  if (point.Type === 'image') return { Type: 'image', Name: point.Name, ...base };
  return { Type: point.Type, ...base };
}

function networkSettings(record: ContainerRecord): NetworkSettings {
  const main = record.networks['bridge'];
  return {
    Bridge: '',
    SandboxID: record.sandboxId,
    SandboxKey: record.sandboxKey,
    Ports: record.ports,
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: main?.EndpointID ?? '',
    Gateway: main?.Gateway ?? '',
    GlobalIPv6Address: main?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: main?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: main?.IPAddress ?? '',
    IPPrefixLen: main?.IPPrefixLen ?? 0,
    IPv6Gateway: main?.IPv6Gateway ?? '',
    MacAddress: main?.MacAddress ?? '',
    Networks: shownNetworks(record),
  };
}
