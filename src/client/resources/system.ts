import type { Api } from '../api.ts';

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

  /** `OK` of an engine that answers. */
  ping(): Promise<string> {
    return this.#api.text('GET', '/_ping');
  }
}
