import type { AuthConfig, ContainerSummary, ImageSummary } from '../../spec/docker/mod.ts';
import type { Api } from '../api.ts';
import { type Filters, filtersQuery } from '../filters.ts';
import { type EngineEvent, engineEvents } from './events.ts';
import type { Volume } from './volumes.ts';

/** Spec: Engine API, `SystemVersion`. */
export interface VersionInfo {
  Platform?: { Name: string };
  Components?: { Name: string; Version: string; Details?: Record<string, string> }[];
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  GitCommit: string;
  GoVersion?: string;
  Os: string;
  Arch: string;
  KernelVersion?: string;
  Experimental?: boolean;
  BuildTime?: string;
}

/** Spec: Engine API, `SystemInfo`: what of it a client shows to people; engines send more. */
export interface SystemInfo {
  ID: string;
  Name: string;
  ServerVersion: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Driver: string;
  DriverStatus: [string, string][] | null;
  LoggingDriver: string;
  CgroupDriver: string;
  CgroupVersion?: string;
  Plugins?: Record<'Volume' | 'Network' | 'Authorization' | 'Log', string[] | null>;
  Swarm?: { LocalNodeState?: string };
  CDISpecDirs?: string[] | null;
  Runtimes?: Record<string, unknown>;
  DefaultRuntime: string;
  InitBinary: string;
  ContainerdCommit?: { ID: string };
  RuncCommit?: { ID: string };
  InitCommit?: { ID: string };
  SecurityOptions?: string[] | null;
  KernelVersion: string;
  OperatingSystem: string;
  OSType: string;
  Architecture: string;
  NCPU: number;
  MemTotal: number;
  DockerRootDir: string;
  Debug: boolean;
  NFd?: number;
  NGoroutines?: number;
  SystemTime?: string;
  NEventsListener?: number;
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  Labels: string[] | null;
  ExperimentalBuild: boolean;
  RegistryConfig?: {
    InsecureRegistryCIDRs?: string[] | null;
    IndexConfigs?: Record<string, { Name: string; Secure: boolean; Official: boolean }> | null;
    Mirrors?: string[] | null;
  } | null;
  LiveRestoreEnabled: boolean;
  DefaultAddressPools?: { Base: string; Size: number }[] | null;
  ProductLicense?: string;
  Warnings: string[] | null;
}

/** Figures of one kind of thing; what is 0 is left out. Spec: Engine API, `ImagesDiskUsage` and the like. */
export interface UsageFigures {
  ActiveCount?: number;
  TotalCount?: number;
  TotalSize?: number;
  Reclaimable?: number;
}

export interface BuildCacheRecord {
  ID: string;
  Type: string;
  Size: number;
  Description?: string;
  Parent?: string;
  InUse: boolean;
  Shared: boolean;
  CreatedAt: string;
  LastUsedAt?: string | null;
  UsageCount: number;
}

/** Answer of `GET /system/df`. */
export interface DiskUsageAnswer {
  LayersSize?: number;
  Images?: ImageSummary[] | null;
  Containers?: ContainerSummary[] | null;
  Volumes?: (Volume & { UsageData?: { Size: number; RefCount: number } | null })[] | null;
  BuildCache?: BuildCacheRecord[] | null;
  /** These four since 1.52. */
  ImageUsage?: UsageFigures;
  ContainerUsage?: UsageFigures;
  VolumeUsage?: UsageFigures;
  BuildCacheUsage?: UsageFigures;
}

/** Calls on the engine itself. */
export class System {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  version(): Promise<VersionInfo> {
    return this.#api.json('GET', '/version');
  }

  info(): Promise<SystemInfo> {
    return this.#api.json('GET', '/info');
  }

  /** What is on the disk. Engines of API 1.52 and later answer in both shapes. */
  df(): Promise<DiskUsageAnswer> {
    return this.#api.json('GET', '/system/df');
  }

  /** Removes what a build left for the next one. */
  pruneBuildCache(options: { all?: boolean; filters?: Filters } = {}): Promise<{
    CachesDeleted: string[] | null;
    SpaceReclaimed: number;
  }> {
    const { all, filters } = options;
    return this.#api.json('POST', '/build/prune', { query: { all, filters: filtersQuery(filters) } });
  }

  /** Checks credentials with the registry that they are for; rejects with 401 if it does not take them. */
  login(auth: AuthConfig): Promise<{ Status: string; IdentityToken?: string }> {
    return this.#api.json('POST', '/auth', { body: auth });
  }

  /** What happens in the engine; leaving the loop closes the connection. */
  events(
    options: { since?: string; until?: string; filters?: Filters; signal?: AbortSignal } = {},
  ): AsyncGenerator<EngineEvent> {
    return engineEvents(this.#api, options);
  }

  /** `OK` of an engine that answers. */
  ping(): Promise<string> {
    return this.#api.text('GET', '/_ping');
  }
}
