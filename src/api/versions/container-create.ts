import { EngineError } from '../../base/mod.ts';
import type { EndpointSettings } from '../../spec/docker/mod.ts';
import type { CreateBody } from '../bodies/container-create.ts';
import type { ApiVersion } from '../http/api-version.ts';
import { migrateInterfaceSysctls } from './interface-sysctls.ts';
import { migrateMacAddress } from './mac-address.ts';

/** What the changes look at besides the request. */
export interface CreateContext {
  version: ApiVersion;
  /** cgroup v2 alone: then a private cgroup namespace is everybody's default. */
  cgroupUnified: boolean;
}

/** One difference by version: for clients `below` it, or `from` it on; may give a warning, may throw `invalid`. */
interface Change {
  below?: string;
  from?: string;
  apply: (body: CreateBody, context: CreateContext) => string | undefined;
}

/**
 * Changes a create request of an older client to what that client meant, in place, in the order of moby's
 * `postContainersCreate`. Gives the warnings for the answer.
 */
export function adaptCreateRequest(body: CreateBody, context: CreateContext): string[] {
  const warnings: string[] = [];
  for (const { below, from, apply } of CHANGES) {
    if (below !== undefined && !context.version.below(below)) continue;
    if (from !== undefined && context.version.below(from)) continue;
    const warning = apply(body, context);
    if (warning !== undefined) warnings.push(warning);
  }
  return warnings;
}

const CHANGES: readonly Change[] = [
  { apply: defaultNetworkMode },
  {
    apply: ({ hostConfig }, { version }) => {
      const given = hostConfig.Capabilities !== undefined;
      delete hostConfig.Capabilities;
      if (!given || version.below('1.40') || version.atLeast('1.41')) return undefined;
      throw invalid(
        'the HostConfig.Capabilities field is not supported by this daemon; use CapAdd and CapDrop to set capabilities',
      );
    },
  },
  { apply: forgetKernelMemory },
  change('1.25', ({ hostConfig }) => {
    hostConfig.AutoRemove = false;
  }),
  change('1.40', ({ hostConfig }) => {
    for (const { BindOptions } of hostConfig.Mounts ?? []) delete BindOptions?.NonRecursive;
    hostConfig.IpcMode ||= 'shareable';
  }),
  change('1.41', ({ hostConfig }, { cgroupUnified }) => {
    if (!cgroupUnified) hostConfig.CgroupnsMode ||= 'host';
  }),
  change('1.42', ({ hostConfig }) => {
    hostConfig.ConsoleSize = [0, 0];
    for (const mount of hostConfig.Mounts ?? []) {
      delete mount.BindOptions?.CreateMountpoint;
      if (mount.Type !== 'volume') delete mount.VolumeOptions;
      if (mount.Type !== 'tmpfs') delete mount.TmpfsOptions;
    }
  }),
  { from: '1.42', apply: refuseForeignMountOptions },
  change('1.43', ({ hostConfig }) => delete hostConfig.Annotations),
  change('1.44', (body) => {
    delete body.config.Healthcheck?.StartInterval;
    body.defaultReadOnlyNonRecursive = true;
    const { Mounts = [] } = body.hostConfig;
    if (Mounts.some((mount) => mount.Type === 'bind' && mount.BindOptions?.ReadOnlyForceRecursive)) {
      throw invalid('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer');
    }
    const names = Object.keys(body.networkingConfig.EndpointsConfig);
    if (names.length > 1) {
      throw invalid(`Container cannot be created with multiple network endpoints: ${names.join(', ')}`);
    }
  }),
  change('1.45', ({ hostConfig }) => {
    if (hostConfig.Mounts?.some((mount) => mount.VolumeOptions?.Subpath)) {
      throw invalid('VolumeOptions.Subpath needs API v1.45 or newer');
    }
  }),
  change('1.48', ({ hostConfig, networkingConfig }) => {
    for (const endpoint of endpoints(networkingConfig)) delete endpoint.GwPriority;
    if (hostConfig.Mounts?.some((mount) => mount.Type === 'image')) {
      throw invalid('Mount type "Image" needs API v1.48 or newer');
    }
  }),
  { from: '1.48', apply: warnOfIgnoredVolumeDriver },
  { apply: migrateMacAddress },
  { apply: migrateInterfaceSysctls },
  { apply: fillEmptyPortBindings },
  {
    apply: ({ hostConfig }) => {
      // Compat: 0 and below mean unlimited, stored as null.
      if (hostConfig.PidsLimit !== null && hostConfig.PidsLimit <= 0) hostConfig.PidsLimit = null;
      return undefined;
    },
  },
];

/** A change without a warning for clients below a version. */
function change(below: string, apply: (body: CreateBody, context: CreateContext) => unknown): Change {
  return {
    below,
    apply: (body, context) => {
      apply(body, context);
      return undefined;
    },
  };
}

/** Compat: gone since API 1.42; no kernel since 5.16 has it, and 20.10 has had this warning. */
function forgetKernelMemory({ hostConfig }: CreateBody, { version }: CreateContext): string | undefined {
  const asked = (hostConfig.KernelMemory ?? 0) > 0;
  delete hostConfig.KernelMemory;
  if (!asked || version.atLeast('1.42')) return undefined;
  return 'Specifying a kernel memory limit is deprecated and will be removed in a future release.';
}

function defaultNetworkMode({ hostConfig, networkingConfig }: CreateBody): undefined {
  if (hostConfig.NetworkMode !== '' && hostConfig.NetworkMode !== 'default') return;
  hostConfig.NetworkMode = 'bridge';
  const { default: settings, ...rest } = networkingConfig.EndpointsConfig;
  if (settings !== undefined) networkingConfig.EndpointsConfig = { ...rest, bridge: settings };
}

function refuseForeignMountOptions({ hostConfig }: CreateBody): undefined {
  for (const mount of hostConfig.Mounts ?? []) {
    const refuse = (options: string) =>
      invalid(`${options} must not be specified on mount type ${JSON.stringify(mount.Type)}`);
    if (mount.VolumeOptions && mount.Type !== 'volume') throw refuse('VolumeOptions');
    if (mount.BindOptions && mount.Type !== 'bind') throw refuse('BindOptions');
    if (mount.TmpfsOptions && mount.Type !== 'tmpfs') throw refuse('TmpfsOptions');
  }
}

function warnOfIgnoredVolumeDriver({ hostConfig }: CreateBody): string | undefined {
  if (hostConfig.VolumeDriver === '') return undefined;
  const ambiguous = hostConfig.Mounts?.some(
    (mount) => mount.Type === 'volume' && !mount.VolumeOptions?.DriverConfig?.Name,
  );
  if (!ambiguous) return undefined;
  return "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead";
}

function fillEmptyPortBindings({ hostConfig }: CreateBody, { version }: CreateContext): string | undefined {
  const bindings = hostConfig.PortBindings ?? {};
  const empty = Object.keys(bindings).filter((port) => (bindings[port]?.length ?? 0) === 0);
  for (const port of empty) bindings[port] = [{ HostIp: '', HostPort: '' }];
  if (empty.length === 0 || version.below('1.52')) return undefined;
  return `Following container port(s) have an empty list of port-bindings: ${empty.join(', ')}. Such bindings will be discarded in a future version.`;
}

function endpoints(config: CreateBody['networkingConfig']): Partial<EndpointSettings>[] {
  return Object.values(config.EndpointsConfig);
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
