import type { HostConfig } from '../../spec/docker/mod.ts';
import type { IdMap } from '../../spec/id-map.ts';
import type { RuntimeProcess, RuntimeSeccomp, RuntimeSpec } from '../../spec/oci/runtime.ts';
import { cgroupsPathFor } from '../cgroups/paths.ts';
import { containerCapabilities, processCapabilities } from './capabilities.ts';
import { containerDevices } from './devices.ts';
import type { BundleInput } from './input.ts';
import { containerMounts, INIT_PATH } from './mounts.ts';
import { containerNamespaces } from './namespaces.ts';
import { containerResources } from './resources.ts';
import { customSeccomp } from './seccomp/custom-profile.ts';
import { defaultSeccomp } from './seccomp/default-profile.ts';
import { securityOptions } from './security-options.ts';

/** Compat: dockerd's. Shown by `inspect` of a container that is not privileged. */
export const DEFAULT_MASKED_PATHS: readonly string[] = [
  ...['/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats'],
  ...[
    '/proc/sched_debug',
    '/proc/scsi',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/sys/devices/virtual/powercap',
  ],
  '/sys/firmware',
];
export const DEFAULT_READONLY_PATHS: readonly string[] = [
  ...['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
];

/** The OCI `config.json` of a container. Pure. Throws `invalid` in Docker's words where settings contradict. */
export function buildSpec(input: BundleInput): RuntimeSpec {
  const { hostConfig, host } = input;
  const capabilities = containerCapabilities(hostConfig, host.capabilities);
  const seccomp = seccompOf(input, capabilities);
  const parent = hostConfig.CgroupParent || host.cgroupParent;
  const propagation = rootfsPropagation(input);
  const sysctl = sysctls(input);
  const masked = hostConfig.MaskedPaths ?? (hostConfig.Privileged ? [] : DEFAULT_MASKED_PATHS);
  const readonly = hostConfig.ReadonlyPaths ?? (hostConfig.Privileged ? [] : DEFAULT_READONLY_PATHS);
  return {
    ociVersion: '1.0.0',
    process: processOf(input, capabilities),
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs },
    ...(hostConfig.UTSMode !== 'host' && !input.joined?.uts && { hostname: input.hostname }),
    mounts: containerMounts(input),
    ...(hostConfig.Annotations && { annotations: hostConfig.Annotations }),
    linux: {
      namespaces: containerNamespaces(input),
      ...mappingsOf(input),
      cgroupsPath: cgroupsPathFor(input.id, parent, host.cgroupDriver),
      devices: containerDevices(input),
      resources: containerResources(input),
      ...(Object.keys(sysctl).length > 0 && { sysctl }),
      ...(seccomp && { seccomp }),
      ...(propagation !== undefined && { rootfsPropagation: propagation }),
      maskedPaths: [...masked],
      readonlyPaths: [...readonly],
    },
  };
}

function processOf(input: BundleInput, capabilities: string[]): RuntimeProcess {
  const { hostConfig, user, config } = input;
  const [height, width] = input.consoleSize ?? hostConfig.ConsoleSize;
  const own = hostConfig.Ulimits ?? [];
  const names = new Set(own.map(({ Name }) => Name));
  const defaults = input.host.ulimits.filter(({ Name }) => !names.has(Name));
  const security = securityOptions(hostConfig.SecurityOpt);
  const rlimits = [...own, ...defaults].map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: Soft,
    hard: Hard,
  }));
  return {
    ...(config.Tty && { terminal: true }),
    ...(config.Tty && height > 0 && width > 0 && { consoleSize: { height, width } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: input.initPath === undefined ? input.args : [INIT_PATH, '--', ...input.args],
    env: input.env,
    cwd: input.cwd,
    capabilities: processCapabilities(capabilities, user.uid),
    ...(rlimits.length > 0 && { rlimits }),
    noNewPrivileges: security.noNewPrivileges ?? input.host.noNewPrivileges,
    ...appArmorOf(security.appArmor, input),
    // Always: it would inherit the keeper's.
    oomScoreAdj: hostConfig.OomScoreAdj,
  };
}

/**
 * A profile that was asked for is set where the kernel has AppArmor. Compat: Docker loads `docker-default` for all
 * others; here they have none.
 */
function appArmorOf(profile: string | undefined, { host }: BundleInput): { apparmorProfile?: string } {
  return host.appArmor && profile !== undefined ? { apparmorProfile: profile } : {};
}

function seccompOf({ hostConfig, host }: BundleInput, capabilities: string[]): RuntimeSeccomp | undefined {
  const asked = securityOptions(hostConfig.SecurityOpt).seccomp;
  const profile = asked ?? (hostConfig.Privileged ? 'unconfined' : host.seccompProfile);
  if (profile === 'unconfined') return undefined;
  if (profile === 'builtin') return defaultSeccomp(capabilities, host.architecture);
  return customSeccomp(profile, { capabilities, architecture: host.architecture, kernel: host.kernel });
}

function mappingsOf({ userns }: BundleInput): Pick<RuntimeSpec['linux'], 'uidMappings' | 'gidMappings'> {
  if (!userns) return {};
  const lines = (ranges: IdMap['uids']) =>
    ranges.map(({ inside, outside, size }) => ({ containerID: inside, hostID: outside, size }));
  return { uidMappings: lines(userns.map.uids), gidMappings: lines(userns.map.gids) };
}

/** A mount that is to propagate needs a root that does not stop it. */
function rootfsPropagation({ mounts }: BundleInput): string | undefined {
  const has = (...names: string[]) =>
    mounts.some(({ options }) => options.some((name) => names.includes(name)));
  if (has('shared', 'rshared')) return 'shared';
  return has('slave', 'rslave') ? 'rslave' : undefined;
}

/** Compat: in a network namespace of its own, a container may bind low ports and ping without capabilities. */
function sysctls({ hostConfig, config, netns, userns }: BundleInput): Record<string, string> {
  const own = netns !== 'host' && !isJoined(hostConfig);
  const defaults = {
    'net.ipv4.ip_unprivileged_port_start': '0',
    // Its groups are not all there in a user namespace.
    ...(!userns && { 'net.ipv4.ping_group_range': '0 2147483647' }),
  };
  return {
    ...(own && defaults),
    ...(config.Domainname !== '' &&
      hostConfig.UTSMode !== 'host' && { 'kernel.domainname': config.Domainname }),
    ...hostConfig.Sysctls,
  };
}

function isJoined({ NetworkMode }: HostConfig): boolean {
  return NetworkMode.startsWith('container:');
}
