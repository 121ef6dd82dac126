import type { CgroupSupport } from '../../runtime/mod.ts';
import type { ContainerStatus } from '../../spec/docker/mod.ts';
import type { Events } from '../events/mod.ts';
import { createDiskUsage, type DiskUsageSources } from './disk-usage.ts';
import type { Host } from './host.ts';
import { pruneBuildCache } from './prune-build-cache.ts';
import { API_VERSION, MIN_API_VERSION, type System } from './system.ts';

/** The OCI runtime. */
export interface RuntimeVersion {
  name: string;
  version: string;
  commit: string;
  path: string;
}

/** What the system answers are made of; `daemon/` puts it together. */
export interface SystemContext {
  host: Host;
  /** Stays the same for one data-root. */
  id: string;
  version: string;
  gitCommit: string;
  /** RFC 3339. */
  buildTime: string;
  /** Name and version of the JavaScript runtime. */
  jsRuntime: string;
  /** Asked when needed: it is a child process. */
  runtime(): Promise<RuntimeVersion>;
  runtimeName: string;
  /** All that containers may ask for, with the program of each. */
  runtimes(): Record<string, { path: string; args: readonly string[] }>;
  /** The Container Device Interface. */
  cdi: { directories: string[]; devices(): string[] };
  cgroup: CgroupSupport & { version: 1 | 2; driver: string };
  settings: SystemSettings;
  /** Rows of `docker info` under the storage driver. */
  storageStatus: [string, string][];
  logDrivers: string[];
  securityOptions: string[];
  initBinary: string;
  countContainers(): Partial<Record<ContainerStatus, number>>;
  countImages(): number;
  countDescriptors(): number;
  ipForwarding(): boolean;
  /** Why containers have no network, if so. */
  networkTrouble(): string | undefined;
  usage: DiskUsageSources;
  events: Pick<Events, 'publish'>;
}

export interface SystemSettings {
  dataRoot: string;
  debug: boolean;
  logDriver: string;
  liveRestore: boolean;
  labels: string[];
  registryMirrors: string[];
  insecureRegistries: string[];
  proxies: { http: string; https: string; no: string };
  addressing: { pools: { base: string; size: number }[] };
}

export function createSystem(context: SystemContext): System {
  return {
    info: async () => info(context, await context.runtime()),
    version: async () => version(context, await context.runtime()),
    diskUsage: createDiskUsage(context.usage),
    pruneBuildCache: async (filters) => pruneBuildCache(context.events, filters),
  };
}

function info(context: SystemContext, runtime: RuntimeVersion): Record<string, unknown> {
  const { host, settings } = context;
  const { pools } = settings.addressing;
  const { version, driver, warnings, ...limits } = context.cgroup;
  const trouble = context.networkTrouble();
  const noNetwork = trouble === undefined ? [] : [`WARNING: containers have no network: ${trouble}`];
  const allWarnings = [...warnings, ...noNetwork];
  const counts = context.countContainers();
  const running = (counts.running ?? 0) + (counts.restarting ?? 0);
  const paused = counts.paused ?? 0;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    ID: context.id,
    Containers: all,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: all - running - paused,
    Images: context.countImages(),
    Driver: 'overlay2',
    DriverStatus: context.storageStatus,
    SystemStatus: null,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
      Authorization: null,
      Log: context.logDrivers,
    },
    ...limits,
    KernelMemory: false,
    KernelMemoryTCP: false,
    IPv4Forwarding: context.ipForwarding(),
    Debug: settings.debug,
    NFd: context.countDescriptors(),
    NGoroutines: 1,
    SystemTime: new Date().toISOString(),
    LoggingDriver: settings.logDriver,
    CgroupDriver: driver,
    CgroupVersion: String(version),
    NEventsListener: 0,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.machine,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(settings),
    NCPU: host.cpus,
    MemTotal: host.memory,
    GenericResources: null,
    DockerRootDir: settings.dataRoot,
    HttpProxy: withoutPassword(settings.proxies.http),
    HttpsProxy: withoutPassword(settings.proxies.https),
    NoProxy: settings.proxies.no,
    Name: host.name,
    Labels: settings.labels,
    ExperimentalBuild: false,
    ServerVersion: context.version,
    Runtimes: runtimesOf(context, runtime),
    DefaultRuntime: context.runtimeName,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: settings.liveRestore,
    ...(pools.length > 0 && {
      DefaultAddressPools: pools.map(({ base, size }) => ({ Base: base, Size: size })),
    }),
    Isolation: '',
    InitBinary: context.initBinary,
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: runtime.commit },
    InitCommit: { ID: '' },
    SecurityOptions: context.securityOptions,
    CDISpecDirs: context.cdi.directories,
    DiscoveredDevices: context.cdi.devices().map((ID) => ({ Source: 'cdi', ID })),
    FirewallBackend: { Driver: 'nftables' },
    Warnings: allWarnings.length > 0 ? allWarnings : null,
  };
}

/** The default one is there even if it is no more found. */
function runtimesOf({ runtimeName, runtimes }: SystemContext, { path }: RuntimeVersion) {
  const all = Object.entries({ [runtimeName]: { path, args: [] as readonly string[] }, ...runtimes() });
  return Object.fromEntries(
    all.map(([name, runtime]) => [
      name,
      {
        path: runtime.path,
        ...(runtime.args.length > 0 && { runtimeArgs: runtime.args }),
        status: { 'org.opencontainers.runtime-spec.features': '{}' },
      },
    ]),
  );
}

/** Compat: moby's `MaskCredentials`. */
function withoutPassword(proxy: string): string {
  return proxy.replace(/^([a-z]+:\/\/)[^@/]*@/, '$1xxxxx:xxxxx@');
}

function registryConfig(settings: SystemSettings): Record<string, unknown> {
  // Compat: moby's `ValidateMirror`.
  const mirrors = settings.registryMirrors.map((url) => `${url.replace(/\/$/, '')}/`);
  const hub = { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true };
  const hosts = settings.insecureRegistries.filter((entry) => !entry.includes('/'));
  const insecure = hosts.map(
    (name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }] as const,
  );
  return {
    InsecureRegistryCIDRs: [
      '::1/128',
      '127.0.0.0/8',
      ...settings.insecureRegistries.filter((entry) => entry.includes('/')),
    ],
    IndexConfigs: { 'docker.io': hub, ...Object.fromEntries(insecure) },
    Mirrors: mirrors.length > 0 ? mirrors : null,
  };
}

function version(context: SystemContext, runtime: RuntimeVersion): Record<string, unknown> {
  const { host } = context;
  const shared = {
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    Arch: host.architecture,
    BuildTime: context.buildTime,
    GitCommit: context.gitCommit,
    GoVersion: context.jsRuntime,
    KernelVersion: host.kernelVersion,
    Os: 'linux',
  };
  return {
    Platform: { Name: 'Minke Engine' },
    Version: context.version,
    ...shared,
    Components: [
      { Name: 'Engine', Version: context.version, Details: { ...shared, Experimental: 'false' } },
      { Name: runtime.name, Version: runtime.version, Details: { GitCommit: runtime.commit } },
    ],
  };
}
