import { totalmem } from 'node:os';
import { formatTime, isEngineError, nowNano, ZERO_TIME } from '../../../base/mod.ts';
import type { Sandbox } from '../../../net/mod.ts';
import type { ContainerStats, CpuStats, MemoryStats, NetworkStats } from '../../../spec/docker/mod.ts';
import { type CpuTime, type InterfaceCounters, readCpuTime } from '../../../sys/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';

/** How old the machine's figure may be: of a hundred containers it is read a few times, and not a hundred. */
const CPU_TIME_FRESH_MS = 5;

let lastCpuTime: { value: CpuTime; at: number } | undefined;

/** What a container uses now; `precpu_stats` is the caller's to fill. Without figures where it does not run. */
export function sample(context: ContainersContext, container: Container): ContainerStats {
  try {
    return measured(context, container);
  } catch (error) {
    // Race: it may have ended by now, whatever its status.
    if (!isEngineError(error, 'not-found')) throw error;
    return emptyStats(container);
  }
}

/** Compat: what is said of a container that does not run. */
export function emptyStats({ id, record }: Container): ContainerStats {
  return {
    read: ZERO_TIME,
    preread: ZERO_TIME,
    pids_stats: {},
    blkio_stats: {
      io_service_bytes_recursive: null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: noCpuStats(),
    precpu_stats: noCpuStats(),
    memory_stats: {},
    name: record.name,
    id,
    os_type: 'linux',
  };
}

function measured(context: ContainersContext, container: Container): ContainerStats {
  const usage = context.runtime.usage(container.id);
  const system = cpuTime();
  const networks = networksOf(context, container, usage.interfaces);
  return {
    ...emptyStats(container),
    read: formatTime(nowNano()),
    pids_stats: usage.pids,
    blkio_stats: usage.blkio,
    cpu_stats: { ...usage.cpu, system_cpu_usage: system.nanoseconds, online_cpus: system.online },
    memory_stats: withinMachine(usage.memory),
    ...(networks && { networks }),
  };
}

function noCpuStats(): CpuStats {
  return {
    cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  };
}

/** Compat: read beside the container's own figures, since clients divide one by the other. */
function cpuTime(): CpuTime {
  const at = performance.now();
  if (!lastCpuTime || at - lastCpuTime.at > CPU_TIME_FRESH_MS) lastCpuTime = { value: readCpuTime(), at };
  return lastCpuTime.value;
}

/** Compat: without a limit of its own it is the machine's memory. */
function withinMachine(memory: MemoryStats): MemoryStats {
  const machine = totalmem();
  return memory.limit !== undefined && memory.limit > machine ? { ...memory, limit: machine } : memory;
}

/** Compat: the interfaces of the sandbox's endpoints, also where the sandbox is another container's. */
function networksOf(
  context: ContainersContext,
  container: Container,
  interfaces: Map<string, InterfaceCounters>,
): Record<string, NetworkStats> | undefined {
  const { sandbox } = sandboxOwner(context, container).record.minke;
  const found = ((sandbox as Sandbox | undefined)?.endpoints ?? []).flatMap((endpoint) => {
    const counters = interfaces.get(endpoint.interface);
    return counters ? [[endpoint.interface, networkStats(counters)] as const] : [];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function sandboxOwner(context: ContainersContext, container: Container): Container {
  let owner = container;
  for (let hops = 0; hops < 16; hops++) {
    const [, id] = /^container:(.+)$/s.exec(owner.record.hostConfig.NetworkMode) ?? [];
    const next = id === undefined ? undefined : context.directory.get(id);
    if (!next) break;
    owner = next;
  }
  return owner;
}

function networkStats(counters: InterfaceCounters): NetworkStats {
  return {
    rx_bytes: counters.rxBytes,
    rx_packets: counters.rxPackets,
    rx_errors: counters.rxErrors,
    rx_dropped: counters.rxDropped,
    tx_bytes: counters.txBytes,
    tx_packets: counters.txPackets,
    tx_errors: counters.txErrors,
    tx_dropped: counters.txDropped,
  };
}
