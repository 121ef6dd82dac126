import { ZERO_TIME } from '../../base/mod.ts';
import type { ContainerConfig, EndpointSettings, HostConfig, PortMap } from '../../spec/docker/mod.ts';
import type { ContainerRecord, MinkeKeys, MountPointRecord, StateRecord } from './container-record.ts';

type Json = Record<string, unknown>;

/** The content of `config.v2.json`. Compat: moby `container.Container`, as its `toDisk` writes it. */
export function toDockerJson(record: ContainerRecord): Json {
  const { state } = record;
  return {
    StreamConfig: {},
    ...record.unknown,
    State: {
      Running: state.status === 'running' || state.status === 'paused' || state.status === 'restarting',
      Paused: state.status === 'paused',
      Restarting: state.status === 'restarting',
      OOMKilled: state.oomKilled,
      RemovalInProgress: state.status === 'removing',
      Dead: state.status === 'dead',
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: state.startedAt,
      FinishedAt: state.finishedAt,
      Health: null,
    },
    ID: record.id,
    Created: record.created,
    Managed: false,
    Path: record.path,
    Args: record.args,
    Config: record.config,
    Image: record.image,
    NetworkSettings: {
      Bridge: '',
      SandboxID: record.sandboxId,
      SandboxKey: record.sandboxKey,
      HairpinMode: false,
      LinkLocalIPv6Address: '',
      LinkLocalIPv6PrefixLen: 0,
      Networks: record.networks,
      Service: null,
      Ports: record.ports,
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      HasSwarmEndpoint: false,
    },
    LogPath: record.logPath,
    Name: record.name,
    Driver: 'overlay2',
    OS: 'linux',
    RestartCount: record.restartCount,
    HasBeenStartedBefore: record.hasBeenStartedBefore,
    HasBeenManuallyStopped: record.hasBeenManuallyStopped,
    MountPoints: record.mountPoints,
    HostnamePath: record.hostnamePath,
    HostsPath: record.hostsPath,
    ResolvConfPath: record.resolvConfPath,
    Minke: record.minke,
  };
}

const KNOWN = new Set([
  'StreamConfig',
  'State',
  'ID',
  'Created',
  'Managed',
  'Path',
  'Args',
  'Config',
  'Image',
  'NetworkSettings',
  'LogPath',
  'Name',
  'Driver',
  'OS',
  'RestartCount',
  'HasBeenStartedBefore',
  'HasBeenManuallyStopped',
  'MountPoints',
  'HostnamePath',
  'HostsPath',
  'ResolvConfPath',
  'Minke',
]);

/** Reads what `toDockerJson`, or Docker itself, wrote. Throws if it is not an object with an id. */
export function fromDockerJson(json: Json, hostConfig: HostConfig): ContainerRecord {
  if (typeof json['ID'] !== 'string' || typeof json['Config'] !== 'object')
    throw new Error('not a container record');
  const network = (json['NetworkSettings'] ?? {}) as Json;
  return {
    id: json['ID'] as ContainerRecord['id'],
    name: text(json['Name']),
    created: text(json['Created']),
    path: text(json['Path']),
    args: (json['Args'] as string[] | null) ?? [],
    config: json['Config'] as ContainerConfig,
    hostConfig,
    image: text(json['Image']) as ContainerRecord['image'],
    state: readState((json['State'] ?? {}) as Json),
    networks: (network['Networks'] as Record<string, EndpointSettings> | null) ?? {},
    ports: (network['Ports'] as PortMap | null) ?? {},
    sandboxId: text(network['SandboxID']),
    sandboxKey: text(network['SandboxKey']),
    mountPoints: (json['MountPoints'] as Record<string, MountPointRecord> | null) ?? {},
    restartCount: Number(json['RestartCount'] ?? 0),
    hasBeenStartedBefore: json['HasBeenStartedBefore'] === true,
    hasBeenManuallyStopped: json['HasBeenManuallyStopped'] === true,
    logPath: text(json['LogPath']),
    hostnamePath: text(json['HostnamePath']),
    hostsPath: text(json['HostsPath']),
    resolvConfPath: text(json['ResolvConfPath']),
    minke: (json['Minke'] as MinkeKeys | undefined) ?? { startNumber: 0 },
    unknown: Object.fromEntries(Object.entries(json).filter(([key]) => !KNOWN.has(key))),
  };
}

function readState(state: Json): StateRecord {
  const startedAt = text(state['StartedAt']) || ZERO_TIME;
  return {
    status: statusOf(state, startedAt),
    oomKilled: state['OOMKilled'] === true,
    pid: Number(state['Pid'] ?? 0),
    exitCode: Number(state['ExitCode'] ?? 0),
    error: text(state['Error']),
    startedAt,
    finishedAt: text(state['FinishedAt']) || ZERO_TIME,
  };
}

/** Compat: moby `State.StateString`. */
function statusOf(state: Json, startedAt: string): StateRecord['status'] {
  if (state['Running'] === true) {
    if (state['Paused'] === true) return 'paused';
    return state['Restarting'] === true ? 'restarting' : 'running';
  }
  if (state['RemovalInProgress'] === true) return 'removing';
  if (state['Dead'] === true) return 'dead';
  return startedAt === ZERO_TIME ? 'created' : 'exited';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
