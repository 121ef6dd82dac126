import { EngineError } from '../../base/mod.ts';
import type { HostConfig, ThrottleDevice } from '../../spec/docker/mod.ts';
import type {
  RuntimeBlockIO,
  RuntimeCpu,
  RuntimeMemory,
  RuntimeResources,
  RuntimeThrottle,
} from '../../spec/oci/runtime.ts';
import { deviceRules } from './devices.ts';
import type { BundleInput, HostFacts } from './input.ts';

const NANO = 1_000_000_000;
/** Compat: dockerd spreads `--cpus` over periods of 100 ms. */
const NANO_CPU_PERIOD = 100_000;

/** cgroup limits, without those that are not set: an empty one costs a write each. */
export function containerResources(input: BundleInput): RuntimeResources {
  const { hostConfig, host } = input;
  const memory = memoryOf(hostConfig, host);
  const cpu = cpuOf(hostConfig);
  const blockIO = blockIoOf(hostConfig, host);
  const pids = hostConfig.PidsLimit ?? 0;
  return {
    devices: deviceRules(input),
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pids > 0 && { pids: { limit: pids } }),
    ...(Object.keys(blockIO).length > 0 && { blockIO }),
  };
}

function memoryOf(config: HostConfig, { swapLimit }: HostFacts): RuntimeMemory {
  const { Memory, MemoryReservation, MemorySwappiness, OomKillDisable } = config;
  // Compat: as much swap again as memory, unless said otherwise.
  const swap = config.MemorySwap === 0 && Memory > 0 ? Memory * 2 : config.MemorySwap;
  return {
    ...(Memory > 0 && { limit: Memory }),
    ...(MemoryReservation > 0 && { reservation: MemoryReservation }),
    ...(swap > 0 && swapLimit && { swap }),
    ...(MemorySwappiness !== null && MemorySwappiness >= 0 && { swappiness: MemorySwappiness }),
    ...(OomKillDisable && { disableOOMKiller: true }),
  };
}

function cpuOf(config: HostConfig): RuntimeCpu {
  const nano = config.NanoCpus > 0;
  const quota = nano ? Math.floor((config.NanoCpus * NANO_CPU_PERIOD) / NANO) : config.CpuQuota;
  const period = nano ? NANO_CPU_PERIOD : config.CpuPeriod;
  return {
    ...(config.CpuShares > 0 && { shares: config.CpuShares }),
    ...(quota > 0 && { quota }),
    ...(period > 0 && { period }),
    ...(config.CpuRealtimeRuntime > 0 && { realtimeRuntime: config.CpuRealtimeRuntime }),
    ...(config.CpuRealtimePeriod > 0 && { realtimePeriod: config.CpuRealtimePeriod }),
    ...(config.CpusetCpus !== '' && { cpus: config.CpusetCpus }),
    ...(config.CpusetMems !== '' && { mems: config.CpusetMems }),
  };
}

function blockIoOf(config: HostConfig, host: HostFacts): RuntimeBlockIO {
  const numbers = (path: string) => {
    const found = host.blockDevices.get(path);
    if (!found) throw new EngineError('invalid', `stat ${path}: no such file or directory`);
    return found;
  };
  const throttle = (devices: ThrottleDevice[] | null): RuntimeThrottle[] | undefined =>
    devices?.length ? devices.map(({ Path, Rate }) => ({ ...numbers(Path), rate: Rate })) : undefined;
  const weightDevice = (config.BlkioWeightDevice ?? []).map(({ Path, Weight }) => ({
    ...numbers(Path),
    weight: Weight,
  }));
  const readBps = throttle(config.BlkioDeviceReadBps);
  const writeBps = throttle(config.BlkioDeviceWriteBps);
  const readIops = throttle(config.BlkioDeviceReadIOps);
  const writeIops = throttle(config.BlkioDeviceWriteIOps);
  return {
    ...(config.BlkioWeight > 0 && { weight: config.BlkioWeight }),
    ...(weightDevice.length > 0 && { weightDevice }),
    ...(readBps && { throttleReadBpsDevice: readBps }),
    ...(writeBps && { throttleWriteBpsDevice: writeBps }),
    ...(readIops && { throttleReadIOPSDevice: readIops }),
    ...(writeIops && { throttleWriteIOPSDevice: writeIops }),
  };
}
