import { EngineError } from '../../base/mod.ts';
import type { Resources } from '../../spec/docker/mod.ts';
import type { HostLimits } from './context.ts';
import { parseCpuset } from './cpuset.ts';

const MIN_MEMORY = 6 * 1024 * 1024;

/**
 * Checks limits before anything is made, throwing `invalid` with Docker's sentence, and takes those out of
 * `hostConfig` that this host cannot enforce. `update`: of a container that has limits. Gives Docker's warnings. Compat: moby
 * `verifyPlatformContainerResources`.
 */
export function validateResources(
  hostConfig: Resources,
  host: HostLimits,
  options: { update?: boolean } = {},
): string[] {
  const warnings: string[] = [];
  validateMemory(hostConfig, host, warnings, options);
  validateCpu(hostConfig, host);
  validateCpuset('cpus', 'CPUs', hostConfig.CpusetCpus, host.cpusetCpus);
  validateCpuset('mems', 'memory nodes', hostConfig.CpusetMems, host.cpusetMems);
  validateBlockIo(hostConfig, host, warnings);
  return warnings;
}

function validateMemory(
  hostConfig: Resources,
  host: HostLimits,
  warnings: string[],
  { update = false }: { update?: boolean },
): void {
  const { Memory: memory, MemorySwap: swap, MemoryReservation: reservation } = hostConfig;
  if (memory !== 0 && memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap !== 0 && swap !== -1 && !host.swapLimit) {
    warnings.push(discarded('swap limit capabilities', 'Memory limited without swap'));
    hostConfig.MemorySwap = -1;
  } else if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0 && !update) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  validateSwappiness(hostConfig, host, warnings);
  if (reservation > 0 && reservation < MIN_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && reservation > memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  validateOom(hostConfig, host, warnings);
}

function validateSwappiness(hostConfig: Resources, host: HostLimits, warnings: string[]): void {
  if (hostConfig.MemorySwappiness === -1) hostConfig.MemorySwappiness = null;
  const { MemorySwappiness: swappiness } = hostConfig;
  if (swappiness === null) return;
  if (host.cgroupVersion === 2) {
    warnings.push(discarded('memory swappiness capabilities', 'Memory swappiness discarded'));
    hostConfig.MemorySwappiness = null;
  } else if (swappiness < 0 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
}

function validateOom(hostConfig: Resources, host: HostLimits, warnings: string[]): void {
  if (!host.oomKillDisable) {
    if (hostConfig.OomKillDisable) {
      warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    }
    hostConfig.OomKillDisable = null;
    return;
  }
  hostConfig.OomKillDisable ??= false;
  if (hostConfig.OomKillDisable && hostConfig.Memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
}

function validateCpu(hostConfig: Resources, host: HostLimits): void {
  const { NanoCpus: nano, CpuPeriod: period, CpuQuota: quota, CpuShares: shares } = hostConfig;
  const conflict = (what: string) =>
    invalid(`Conflicting options: Nano CPUs and CPU ${what} cannot both be set`);
  if (nano > 0 && period > 0) throw conflict('Period');
  if (nano > 0 && quota > 0) throw conflict('Quota');
  if (nano < 0 || nano > host.cpus * 1e9) {
    throw invalid(
      `range of CPUs is from 0.01 to ${host.cpus}.00, as there are only ${host.cpus} CPUs available`,
    );
  }
  if (shares < 0) throw invalid(`invalid CPU shares (${shares}): value must be a positive integer`);
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
}

function validateCpuset(kind: 'cpus' | 'mems', what: string, asked: string, available: string): void {
  if (asked === '') return;
  const wanted = parseCpuset(asked);
  if (!wanted) throw invalid(`Invalid value ${asked} for cpuset ${kind}: invalid format: ${asked}`);
  const there = parseCpuset(available) ?? new Set();
  if ([...wanted].some((number) => !there.has(number))) {
    throw invalid(`Requested ${what} are not available - requested ${asked}, available: ${available}`);
  }
}

function validateBlockIo(hostConfig: Resources, host: HostLimits, warnings: string[]): void {
  if (hostConfig.BlkioWeight > 0 && !host.blkioWeight) {
    warnings.push(discarded('Block I/O weight', 'Weight discarded'));
    hostConfig.BlkioWeight = 0;
  }
  const { BlkioWeight: weight } = hostConfig;
  if (weight !== 0 && (weight < 10 || weight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000');
  }
  if ((hostConfig.BlkioWeightDevice ?? []).length > 0 && !host.blkioWeightDevice) {
    warnings.push(discarded('Block I/O weight_device', 'Weight-device discarded'));
    hostConfig.BlkioWeightDevice = [];
  }
}

function discarded(what: string, consequence: string): string {
  return `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}.`;
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
