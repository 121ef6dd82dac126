import { EngineError } from '../../../base/mod.ts';
import { checkCapabilities, securityOptions } from '../../../runtime/mod.ts';
import type { ContainerConfig, HostConfig } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { parseSignal } from '../life/signals.ts';
import { checkTmpfsDestination } from '../mounts/mount-spec.ts';
import { refuseNul } from './refuse-nul.ts';
import { validateExtraHosts } from './validate-network.ts';
import { validateResources } from './validate-resources.ts';

/** Checks what a create asks for, before anything is made. Throws `invalid` with Docker's sentence. */
export function validateName(name: string): void {
  if (!/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new EngineError(
      'invalid',
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
}

/** What of a container's config gets to system calls, besides Env. */
const TEXTS = [
  'Cmd',
  'Entrypoint',
  'User',
  'WorkingDir',
  'Hostname',
  'Domainname',
  'Volumes',
  'Healthcheck',
  'Shell',
] as const;

/** Compat: moby `daemon/container.go` `verifyContainerSettings`. */
export function validateConfig(config: ContainerConfig): void {
  for (const field of TEXTS) refuseNul(field, config[field]);
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw new EngineError(
      'invalid',
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('='))
      throw new EngineError('invalid', `invalid environment variable: ${entry}`);
    refuseNul('environment variable', entry);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  validateHealthcheck(config);
}

function validateHealthcheck({ Healthcheck: check }: ContainerConfig): void {
  if (!check?.Test?.length) return;
  const { Interval, Timeout, StartPeriod, StartInterval } = check;
  const durations = { Interval, Timeout, StartPeriod, StartInterval };
  for (const [field, value] of Object.entries(durations)) {
    if (value !== undefined && value !== 0 && value < 1_000_000) {
      throw new EngineError('invalid', `${field} in Healthcheck cannot be less than 1ms`);
    }
  }
  if ((check.Retries ?? 0) < 0) throw new EngineError('invalid', 'Retries in Healthcheck cannot be negative');
}

/** Compat: moby `validateHostConfig` and `verifyPlatformContainerResources`. Gives Docker's warnings. */
export function validateHostConfig(hostConfig: HostConfig, host: HostLimits): string[] {
  const { RestartPolicy: restart } = hostConfig;
  for (const [field, value] of Object.entries(hostConfig)) refuseNul(field, value);
  validateRestartPolicy(restart.Name, restart.MaximumRetryCount);
  if (hostConfig.AutoRemove && restart.Name !== '' && restart.Name !== 'no') {
    throw new EngineError('invalid', "can't create 'AutoRemove' container with restart policy");
  }
  if (hostConfig.ShmSize < 0) throw new EngineError('invalid', 'SHM size can not be less than 0');
  if (hostConfig.OomScoreAdj < -1000 || hostConfig.OomScoreAdj > 1000) {
    throw new EngineError(
      'invalid',
      `Invalid value ${hostConfig.OomScoreAdj}, range for oom score adj is [-1000, 1000]`,
    );
  }
  validateModes(hostConfig);
  validateExtraHosts(hostConfig.ExtraHosts ?? []);
  checkCapabilities(hostConfig);
  securityOptions(hostConfig.SecurityOpt);
  for (const destination of Object.keys(hostConfig.Tmpfs ?? {})) checkTmpfsDestination(destination);
  if (Object.keys(hostConfig.StorageOpt ?? {}).length > 0) {
    throw new EngineError(
      'invalid',
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    );
  }
  validateCgroupParent(hostConfig, host);
  const warnings = validateResources(hostConfig, host);
  if (hostConfig.CgroupnsMode === 'private' && !host.cgroupNamespaces) {
    warnings.push('Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.');
    hostConfig.CgroupnsMode = 'host';
  }
  if (hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  return warnings;
}

/** Compat: systemd knows slices only. */
function validateCgroupParent({ CgroupParent: parent }: HostConfig, { cgroupDriver }: HostLimits): void {
  if (parent === '' || cgroupDriver !== 'systemd' || /.\.slice$/.test(parent)) return;
  throw new EngineError(
    'invalid',
    'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
  );
}

const SHARED = /^container:.+/;

/** Compat: `Valid` of moby's IpcMode, PidMode, UTSMode, CgroupnsMode, UsernsMode and Isolation. */
function validateModes(hostConfig: HostConfig): void {
  const { IpcMode, PidMode, UTSMode, CgroupnsMode, UsernsMode, Isolation } = hostConfig;
  const check = (valid: boolean, message: string) => {
    if (!valid) throw new EngineError('invalid', message);
  };
  const ipc = ['', 'none', 'private', 'shareable', 'host'].includes(IpcMode) || SHARED.test(IpcMode);
  check(ipc, `invalid IPC mode: ${IpcMode}`);
  check(['', 'host'].includes(PidMode) || SHARED.test(PidMode), `invalid PID mode: ${PidMode}`);
  check(['', 'host'].includes(UTSMode), `invalid UTS mode: ${UTSMode}`);
  check(['', 'private', 'host'].includes(CgroupnsMode), `invalid cgroup namespace mode: ${CgroupnsMode}`);
  check(['', 'host'].includes(UsernsMode), `invalid user namespace mode: ${UsernsMode}`);
  check(['', 'default'].includes(Isolation.toLowerCase()), `invalid isolation '${Isolation}' on linux`);
  const annotations = Object.keys(hostConfig.Annotations ?? {});
  check(
    !annotations.includes(''),
    'invalid Annotations: the empty string is not permitted as an annotation key',
  );
}

export function validateRestartPolicy(name: string, retries: number): void {
  const prefix = 'invalid restart policy: ';
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name)) {
    throw new EngineError(
      'invalid',
      `${prefix}unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (name !== 'on-failure' && retries !== 0) {
    const more = retries < 0 ? ' and cannot be negative' : '';
    throw new EngineError(
      'invalid',
      `${prefix}maximum retry count can only be used with 'on-failure'${more}`,
    );
  }
  if (retries < 0) throw new EngineError('invalid', `${prefix}maximum retry count cannot be negative`);
}
