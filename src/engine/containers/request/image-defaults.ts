import type { ContainerConfig, ImageRunConfig } from '../../../spec/docker/mod.ts';

/**
 * The container's config with what it leaves open taken from its image. Compat: moby `daemon/commit.go` `merge`.
 * The order of `Env` is Docker's: the container's own first, then what only the image sets.
 */
export function withImageDefaults(config: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  const entrypointReset = config.Entrypoint?.length === 1 && config.Entrypoint[0] === '';
  const ownEntrypoint = (config.Entrypoint?.length ?? 0) > 0;
  const ownCommand = (config.Cmd?.length ?? 0) > 0;
  const merged: ContainerConfig = {
    ...config,
    User: config.User || (image.User ?? ''),
    Env: mergeEnv(config.Env ?? [], image.Env ?? []),
    Labels: { ...(image.Labels ?? {}), ...(config.Labels ?? {}) },
    WorkingDir: config.WorkingDir || (image.WorkingDir ?? ''),
    Entrypoint: entrypointReset ? null : (config.Entrypoint ?? image.Entrypoint ?? null),
    Cmd: ownCommand || ownEntrypoint ? config.Cmd : (image.Cmd ?? null),
  };
  const ports = { ...(image.ExposedPorts ?? {}), ...(config.ExposedPorts ?? {}) };
  if (Object.keys(ports).length > 0) merged.ExposedPorts = ports;
  const volumes = { ...(image.Volumes ?? {}), ...(config.Volumes ?? {}) };
  merged.Volumes = Object.keys(volumes).length > 0 ? volumes : null;
  if (!config.StopSignal && image.StopSignal) merged.StopSignal = image.StopSignal;
  if (!config.Shell && image.Shell) merged.Shell = image.Shell;
  if (image.OnBuild && !config.OnBuild) merged.OnBuild = image.OnBuild;
  if (image.Healthcheck)
    merged.Healthcheck = { ...image.Healthcheck, ...definedOnly(config.Healthcheck ?? {}) };
  return merged;
}

function mergeEnv(own: string[], image: string[]): string[] {
  const set = new Set(own.map(keyOf));
  return [...own, ...image.filter((entry) => !set.has(keyOf(entry)))];
}

function keyOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}

function definedOnly<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, v]) => v !== undefined && v !== 0 && !(Array.isArray(v) && v.length === 0),
    ),
  ) as Partial<T>;
}
