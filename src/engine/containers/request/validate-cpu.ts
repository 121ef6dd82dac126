import { EngineError } from '../../../base/mod.ts';
import type { Resources } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { parseCpuset } from './cpuset.ts';
import { lacking } from './lacking.ts';

/** The part of `validateResources` about CPUs. Compat: also moby's `runconfig.validateResources`. */
export function validateCpu(resources: Resources, host: HostLimits, warnings: string[]): void {
  validateRealtime(resources, host);
  const { NanoCpus: nano, CpuPeriod: period, CpuQuota: quota, CpuShares: shares } = resources;
  const conflict = (what: string) =>
    invalid(`Conflicting options: Nano CPUs and CPU ${what} cannot both be set`);
  if (nano > 0 && period > 0) throw conflict('Period');
  if (nano > 0 && quota > 0) throw conflict('Quota');
  if (nano > 0 && !host.cpuCfs) {
    throw invalid(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    );
  }
  if (nano < 0 || nano > host.cpus * 1e9) {
    throw invalid(
      `range of CPUs is from 0.01 to ${host.cpus}.00, as there are only ${host.cpus} CPUs available`,
    );
  }
  if (shares < 0) throw invalid(`invalid CPU shares (${shares}): value must be a positive integer`);
  if (shares > 0 && !host.cpuShares) {
    warnings.push(lacking('CPU shares', 'Shares discarded'));
    resources.CpuShares = 0;
  }
  if ((period !== 0 || quota !== 0) && !host.cpuCfs) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.');
    resources.CpuPeriod = 0;
    resources.CpuQuota = 0;
  } else if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  } else if (quota > 0 && quota < 1000) {
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
  if (resources.CpuPercent > 0) {
    warnings.push('linux does not support CPU percent. Percent discarded.');
    resources.CpuPercent = 0;
  }
  validateCpusets(resources, host, warnings);
}

function validateRealtime(resources: Resources, host: HostLimits): void {
  const { CpuRealtimePeriod: period, CpuRealtimeRuntime: runtime } = resources;
  if ((period !== 0 || runtime !== 0) && !host.cpuRealtime) {
    throw invalid('kernel does not support CPU real-time scheduler');
  }
  if (period !== 0 && runtime !== 0 && runtime > period) {
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
  }
}

function validateCpusets(resources: Resources, host: HostLimits, warnings: string[]): void {
  const asked = resources.CpusetCpus !== '' || resources.CpusetMems !== '';
  if (asked && !host.cpuset) {
    warnings.push(lacking('cpuset', 'Cpuset discarded'));
    resources.CpusetCpus = '';
    resources.CpusetMems = '';
  }
  validateCpuset('cpus', 'CPUs', resources.CpusetCpus, host.cpusetCpus);
  validateCpuset('mems', 'memory nodes', resources.CpusetMems, host.cpusetMems);
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

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
