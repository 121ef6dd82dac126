/** An unsigned 64-bit number; as a bigint where a double would not be exact. */
export type Uint64 = number | bigint;

/** Spec: Engine API, `ContainerStatsResponse`, the newest shape. What Go leaves out when it is 0 is optional here. */
export interface ContainerStats {
  id: string;
  /** With the leading slash. */
  name: string;
  os_type: string;
  /** RFC 3339; the zero time where nothing was read. */
  read: string;
  preread: string;
  pids_stats: { current?: Uint64; limit?: Uint64 };
  blkio_stats: BlkioStats;
  num_procs: number;
  storage_stats: Record<string, never>;
  cpu_stats: CpuStats;
  precpu_stats: CpuStats;
  memory_stats: MemoryStats;
  /** By the name of the interface in the container. */
  networks?: Record<string, NetworkStats>;
}

export interface CpuStats {
  cpu_usage: {
    /** Nanoseconds, all of them. */
    total_usage: Uint64;
    percpu_usage?: Uint64[];
    usage_in_kernelmode: Uint64;
    usage_in_usermode: Uint64;
  };
  /** Nanoseconds that all CPUs of the machine have been up. */
  system_cpu_usage?: Uint64;
  online_cpus?: number;
  throttling_data: { periods: Uint64; throttled_periods: Uint64; throttled_time: Uint64 };
}

export interface MemoryStats {
  usage?: Uint64;
  max_usage?: Uint64;
  stats?: Record<string, Uint64>;
  failcnt?: Uint64;
  limit?: Uint64;
}

export interface BlkioEntry {
  major: number;
  minor: number;
  op: string;
  value: Uint64;
}

export interface BlkioStats {
  io_service_bytes_recursive: BlkioEntry[] | null;
  io_serviced_recursive: BlkioEntry[] | null;
  io_queue_recursive: BlkioEntry[] | null;
  io_service_time_recursive: BlkioEntry[] | null;
  io_wait_time_recursive: BlkioEntry[] | null;
  io_merged_recursive: BlkioEntry[] | null;
  io_time_recursive: BlkioEntry[] | null;
  sectors_recursive: BlkioEntry[] | null;
}

export interface NetworkStats {
  rx_bytes: Uint64;
  rx_packets: Uint64;
  rx_errors: Uint64;
  rx_dropped: Uint64;
  tx_bytes: Uint64;
  tx_packets: Uint64;
  tx_errors: Uint64;
  tx_dropped: Uint64;
}
