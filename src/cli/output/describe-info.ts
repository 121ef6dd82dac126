import type { SystemInfo } from '../../client/mod.ts';
import { binarySize } from './units.ts';

interface ClientPart {
  Version: string;
  Context: string;
  Debug: boolean;
}

/** What `info` prints. Compat: lines and order of the docker CLI's. */
export function describeInfo(client: ClientPart, server: SystemInfo | undefined): string {
  const lines = ['Client:', ` Version:    ${client.Version}`, ` Context:    ${client.Context}`];
  lines.push(` Debug Mode: ${client.Debug}`, '', 'Server:');
  if (server) {
    const parts = [counts, storage, plugins, runtimes, machine, debugging, proxies, registries, rest];
    lines.push(...parts.flatMap((part) => part(server)));
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

function counts(info: SystemInfo): string[] {
  return [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ...given(' Server Version', info.ServerVersion),
  ];
}

function storage(info: SystemInfo): string[] {
  return [
    ...given(' Storage Driver', info.Driver),
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ...given(' Logging Driver', info.LoggingDriver),
    ...given(' Cgroup Driver', info.CgroupDriver),
    ...given(' Cgroup Version', info.CgroupVersion),
  ];
}

function plugins({ Plugins, CDISpecDirs, Swarm }: SystemInfo): string[] {
  const list = (kind: 'Volume' | 'Network' | 'Authorization' | 'Log') => Plugins?.[kind]?.join(' ');
  return [
    ' Plugins:',
    `  Volume: ${list('Volume') ?? ''}`,
    `  Network: ${list('Network') ?? ''}`,
    ...given('  Authorization', list('Authorization')),
    `  Log: ${list('Log') ?? ''}`,
    ...(CDISpecDirs?.length ? [' CDI spec directories:', ...CDISpecDirs.map((dir) => `  ${dir}`)] : []),
    ...given(' Swarm', Swarm?.LocalNodeState),
  ];
}

function runtimes(info: SystemInfo): string[] {
  const names = Object.keys(info.Runtimes ?? {}).sort();
  return [
    ...(names.length > 0
      ? [` Runtimes: ${names.join(' ')}`, ` Default Runtime: ${info.DefaultRuntime}`]
      : []),
    ...given(' Init Binary', info.InitBinary),
    ...given(' containerd version', info.ContainerdCommit?.ID),
    ...given(' runc version', info.RuncCommit?.ID),
    ...given(' init version', info.InitCommit?.ID),
    ...securityOptions(info.SecurityOptions ?? []),
  ];
}

/** `name=seccomp,profile=builtin` on two lines. */
function securityOptions(options: string[]): string[] {
  if (options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const pairs = option.split(',').map((pair) => pair.split('=', 2));
    const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
    const others = pairs.filter(([key]) => key !== 'name');
    return [
      `  ${name}`,
      ...others.map(([key = '', value]) => `   ${key[0]?.toUpperCase()}${key.slice(1)}: ${value}`),
    ];
  });
  return [' Security Options:', ...lines];
}

function machine(info: SystemInfo): string[] {
  return [
    ...given(' Kernel Version', info.KernelVersion),
    ...given(' Operating System', info.OperatingSystem),
    ...given(' OSType', info.OSType),
    ...given(' Architecture', info.Architecture),
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binarySize(info.MemTotal)}`,
    ...given(' Name', info.Name),
    ...given(' ID', info.ID),
    ...given(' Docker Root Dir', info.DockerRootDir),
    ` Debug Mode: ${info.Debug}`,
  ];
}

function debugging(info: SystemInfo): string[] {
  if (!info.Debug) return [];
  return [
    `  File Descriptors: ${info.NFd ?? 0}`,
    `  Goroutines: ${info.NGoroutines ?? 0}`,
    `  System Time: ${info.SystemTime ?? ''}`,
    `  EventsListeners: ${info.NEventsListener ?? 0}`,
  ];
}

function proxies(info: SystemInfo): string[] {
  return [
    ...given(' HTTP Proxy', info.HttpProxy),
    ...given(' HTTPS Proxy', info.HttpsProxy),
    ...given(' No Proxy', info.NoProxy),
  ];
}

function registries({ Labels, ExperimentalBuild, RegistryConfig }: SystemInfo): string[] {
  const insecure = Object.values(RegistryConfig?.IndexConfigs ?? {}).filter((index) => !index.Secure);
  const cidrs = RegistryConfig?.InsecureRegistryCIDRs ?? [];
  const mirrors = RegistryConfig?.Mirrors ?? [];
  return [
    ...(Labels?.length ? [' Labels:', ...Labels.map((label) => `  ${label}`)] : []),
    ` Experimental: ${ExperimentalBuild}`,
    ...(insecure.length + cidrs.length > 0 ? [' Insecure Registries:'] : []),
    ...insecure.map(({ Name }) => `  ${Name}`),
    ...cidrs.map((cidr) => `  ${cidr}`),
    ...(mirrors.length > 0 ? [' Registry Mirrors:', ...mirrors.map((mirror) => `  ${mirror}`)] : []),
  ];
}

function rest(info: SystemInfo): string[] {
  const pools = info.DefaultAddressPools ?? [];
  return [
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
    ...given(' Product License', info.ProductLicense),
    ...(pools.length > 0 ? [' Default Address Pools:'] : []),
    ...pools.map(({ Base, Size }) => `   Base: ${Base}, Size: ${Size}`),
  ];
}

function given(label: string, value: string | undefined): string[] {
  return value ? [`${label}: ${value}`] : [];
}
