import { EngineError } from '../../base/mod.ts';
import type { ContainerConfig, HostConfig } from '../../spec/docker/mod.ts';
import type { HostLimits } from './context.ts';
import { parseSignal } from './signals.ts';

const MIN_MEMORY = 6 * 1024 * 1024;

/** Checks what a create asks for, before anything is made. Throws `invalid` with Docker's sentence. */
export function validateName(name: string): void {
  if (!/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new EngineError(
      'invalid',
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
}

/** Compat: moby `daemon/container.go` `verifyContainerSettings`. */
export function validateConfig(config: ContainerConfig): void {
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw new EngineError(
      'invalid',
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('='))
      throw new EngineError('invalid', `invalid environment variable: ${entry}`);
    if (entry.includes('\0'))
      throw new EngineError('invalid', 'invalid environment variable: it contains a NUL');
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  validateHealthcheck(config);
}

function validateHealthcheck({ Healthcheck: check }: ContainerConfig): void {
  if (!check) return;
  const durations = { Interval: check.Interval, Timeout: check.Timeout, StartPeriod: check.StartPeriod };
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
  validateMemory(hostConfig);
  validateCpu(hostConfig, host);
  return [];
}

function validateRestartPolicy(name: string, retries: number): void {
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

function validateMemory(hostConfig: HostConfig): void {
  const {
    Memory: memory,
    MemorySwap: swap,
    MemoryReservation: reservation,
    MemorySwappiness: swappiness,
  } = hostConfig;
  if (memory > 0 && memory < MIN_MEMORY)
    throw new EngineError('invalid', 'Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    throw new EngineError(
      'invalid',
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    );
  }
  if (memory === 0 && swap > 0) {
    throw new EngineError(
      'invalid',
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    );
  }
  if (swappiness !== null && swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new EngineError('invalid', `Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (reservation > 0 && reservation < MIN_MEMORY) {
    throw new EngineError('invalid', 'Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && reservation > memory) {
    throw new EngineError(
      'invalid',
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    );
  }
}

function validateCpu(hostConfig: HostConfig, host: HostLimits): void {
  const { NanoCpus: nano, CpuPeriod: period, CpuQuota: quota } = hostConfig;
  if (nano !== 0 && period !== 0) {
    throw new EngineError('invalid', 'Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (nano !== 0 && quota !== 0) {
    throw new EngineError('invalid', 'Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  }
  if (nano < 0 || nano > host.cpus * 1e9) {
    const most = host.cpus.toFixed(2);
    throw new EngineError(
      'invalid',
      `Range of CPUs is from 0.01 to ${most}, as there are only ${host.cpus} CPUs available`,
    );
  }
  if (hostConfig.CpuShares < 0) {
    throw new EngineError(
      'invalid',
      `invalid CPU shares (${hostConfig.CpuShares}): value must be a positive integer`,
    );
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw new EngineError(
      'invalid',
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    );
  }
  if (quota > 0 && quota < 1000) {
    throw new EngineError('invalid', 'CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
}
