import { ZERO_TIME } from '../../base/mod.ts';
import {
  type ContainerConfig,
  ENDPOINT_DOWN,
  type EndpointSettings,
  type Health,
  type HostConfig,
  type PortMap,
} from '../../spec/docker/mod.ts';
import type { ContainerRecord, MinkeKeys, MountPointRecord, StateRecord } from './container-record.ts';

type Json = Record<string, unknown>;

/** The content of `config.v2.json`. Compat: moby `container.Container`, as its `toDisk` writes it. */
export function toDockerJson(record: ContainerRecord): Json {
  const { state } = record;
  // Docker shows ports of the file, also of a container that ended.
  const isUp = state.pid !== 0 || record.minke.starting === true;
  return {
    StreamConfig: {},
    ...record.unknown,
    State: {
      ...record.unknownState,
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
      Health: state.health ?? null,
    },
    ID: record.id,
    Created: record.created,
    Managed: false,
    Path: record.path,
    Args: record.args,
    Config: record.config,
    Image: record.image,
    NetworkSettings: {
      ...record.unknownNetwork,
      Bridge: '',
      SandboxID: isUp ? record.sandboxId : '',
      SandboxKey: isUp ? record.sandboxKey : '',
      HairpinMode: false,
      LinkLocalIPv6Address: '',
      LinkLocalIPv6PrefixLen: 0,
      Networks: isUp ? record.networks : allDown(record.networks),
      Service: null,
      Ports: isUp ? record.ports : {},
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
    Minke: { ...record.minke, runtime: record.hostConfig.Runtime },
  };
}

/** Keys that we write ourselves; others are kept as they were read. */
const KNOWN = new Set(
  [
    'StreamConfig State ID Created Managed Path Args Config Image NetworkSettings LogPath Name Driver OS',
    'RestartCount HasBeenStartedBefore HasBeenManuallyStopped MountPoints HostnamePath HostsPath ResolvConfPath',
    'Minke',
  ].flatMap((line) => line.split(' ')),
);
const KNOWN_STATE = new Set(
  [
    'Running Paused Restarting OOMKilled RemovalInProgress Dead Pid ExitCode Error StartedAt FinishedAt Health',
  ].flatMap((line) => line.split(' ')),
);
const KNOWN_NETWORK = new Set(
  [
    'Bridge SandboxID SandboxKey HairpinMode LinkLocalIPv6Address LinkLocalIPv6PrefixLen Networks Service Ports',
    'SecondaryIPAddresses SecondaryIPv6Addresses HasSwarmEndpoint',
  ].flatMap((line) => line.split(' ')),
);

/** Reads what `toDockerJson`, or Docker itself, wrote. Throws if it is not an object with an id. */
export function fromDockerJson(json: Json, hostConfig: HostConfig): ContainerRecord {
  if (typeof json['ID'] !== 'string' || typeof json['Config'] !== 'object')
    throw new Error('not a container record');
  const network = (json['NetworkSettings'] ?? {}) as Json;
  const { runtime, ...minke } = (json['Minke'] ?? { startNumber: 0 }) as MinkeKeys & { runtime?: string };
  return {
    id: json['ID'] as ContainerRecord['id'],
    name: text(json['Name']),
    created: text(json['Created']),
    path: text(json['Path']),
    args: (json['Args'] as string[] | null) ?? [],
    config: json['Config'] as ContainerConfig,
    // Compat: Docker knows no runtime but its own, so that is what stands in its file.
    hostConfig: runtime === undefined ? hostConfig : { ...hostConfig, Runtime: runtime },
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
    minke,
    unknown: without(json, KNOWN),
    unknownState: without((json['State'] ?? {}) as Json, KNOWN_STATE),
    unknownNetwork: without(network, KNOWN_NETWORK),
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
    ...(state['Health'] ? { health: state['Health'] as Health } : {}),
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

function allDown(networks: ContainerRecord['networks']): ContainerRecord['networks'] {
  return Object.fromEntries(
    Object.entries(networks).map(([name, endpoint]) => [name, { ...endpoint, ...ENDPOINT_DOWN }]),
  );
}

function without(json: Json, known: ReadonlySet<string>): Json {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !known.has(key)));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
