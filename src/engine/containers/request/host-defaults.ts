import { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from '../../../runtime/mod.ts';
import type { HostConfig, LogConfig } from '../../../spec/docker/mod.ts';
import type { ContainerSettings } from '../context.ts';

/** Fills in what the client left open, as Docker's `adaptContainerSettings` and `setDefaults` do. */
export function withHostDefaults(hostConfig: HostConfig, settings: ContainerSettings): HostConfig {
  const filled: HostConfig = { ...hostConfig };
  filled.NetworkMode =
    !hostConfig.NetworkMode || hostConfig.NetworkMode === 'default' ? 'bridge' : hostConfig.NetworkMode;
  if (filled.ShmSize === 0) filled.ShmSize = settings.defaultShmSize;
  if (filled.IpcMode === '') filled.IpcMode = settings.defaultIpcMode;
  if (filled.CgroupnsMode === '') {
    const v1 = settings.host.cgroupVersion === 1;
    // Compat: under version 2 a privileged one has its own too.
    filled.CgroupnsMode =
      filled.Privileged && v1 ? 'host' : settings.defaultCgroupnsMode || (v1 ? 'host' : 'private');
  }
  if (filled.RestartPolicy.Name === '') filled.RestartPolicy = { ...filled.RestartPolicy, Name: 'no' };
  if (filled.Runtime === '') filled.Runtime = settings.runtimeName;
  filled.LogConfig = withLogDefaults(filled.LogConfig, settings);
  if (filled.Memory > 0 && filled.MemorySwap === 0 && settings.host.swapLimit)
    filled.MemorySwap = filled.Memory * 2;
  filled.SecurityOpt = withLabelOption(filled);
  if (!filled.Privileged && !filled.SecurityOpt?.includes('systempaths=unconfined')) {
    filled.MaskedPaths ??= [...DEFAULT_MASKED_PATHS];
    filled.ReadonlyPaths ??= [...DEFAULT_READONLY_PATHS];
  }
  return filled;
}

/** Compat: moby `mergeAndVerifyLogConfig`: a container of the default driver has the defaults that it does not name. */
function withLogDefaults({ Type, Config }: LogConfig, settings: ContainerSettings): LogConfig {
  const { defaultLogDriver, defaultLogOptions } = settings;
  const type = Type === '' ? defaultLogDriver : Type;
  const inherited = Object.entries(defaultLogOptions).filter(
    ([name]) => type === defaultLogDriver || name.startsWith('cache-'),
  );
  return { Type: type, Config: { ...Object.fromEntries(inherited), ...(Config ?? {}) } };
}

/** Compat: what shares the host's processes or its memory has no label of its own, and inspect says so. */
function withLabelOption({ SecurityOpt, IpcMode, PidMode, Privileged }: HostConfig): string[] | null {
  const said = (SecurityOpt ?? []).some((option) => option.split('=')[0] === 'label');
  const shares = IpcMode === 'host' || PidMode === 'host' || Privileged;
  return shares && !said ? [...(SecurityOpt ?? []), 'label=disable'] : SecurityOpt;
}
