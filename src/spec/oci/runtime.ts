/** The `config.json` of a bundle. Spec: OCI runtime specification 1.2, config.md and config-linux.md; what we use of it. */
export interface RuntimeSpec {
  ociVersion: string;
  process: RuntimeProcess;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  mounts: RuntimeMount[];
  annotations?: Record<string, string>;
  /** By name: `createRuntime`, `createContainer`, `startContainer`, `poststart`, `poststop`. */
  hooks?: Record<string, RuntimeHook[]>;
  linux: RuntimeLinux;
}

export interface RuntimeHook {
  path: string;
  args?: string[];
  env?: string[];
  /** Seconds. */
  timeout?: number;
}

export interface RuntimeProcess {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: RuntimeCapabilities;
  rlimits?: { type: string; soft: number; hard: number }[];
  noNewPrivileges?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
}

/** Names with their `CAP_`. */
export interface RuntimeCapabilities {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable?: string[];
  ambient?: string[];
}

export interface RuntimeMount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

export interface RuntimeLinux {
  namespaces: RuntimeNamespace[];
  uidMappings?: { containerID: number; hostID: number; size: number }[];
  gidMappings?: { containerID: number; hostID: number; size: number }[];
  cgroupsPath?: string;
  devices?: RuntimeDevice[];
  resources?: RuntimeResources;
  sysctl?: Record<string, string>;
  seccomp?: RuntimeSeccomp;
  rootfsPropagation?: string;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  mountLabel?: string;
}

export interface RuntimeNamespace {
  type: 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup';
  path?: string;
}

export interface RuntimeDevice {
  type: 'c' | 'b' | 'p';
  path: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

export interface RuntimeResources {
  devices?: RuntimeDeviceRule[];
  memory?: RuntimeMemory;
  cpu?: RuntimeCpu;
  pids?: { limit: number };
  blockIO?: RuntimeBlockIO;
}

/** No major or minor: all of them. */
export interface RuntimeDeviceRule {
  allow: boolean;
  type?: 'a' | 'b' | 'c';
  major?: number;
  minor?: number;
  access?: string;
}

/** Bytes. */
export interface RuntimeMemory {
  limit?: number;
  reservation?: number;
  swap?: number;
  swappiness?: number;
  disableOOMKiller?: boolean;
}

export interface RuntimeCpu {
  shares?: number;
  quota?: number;
  period?: number;
  realtimeRuntime?: number;
  realtimePeriod?: number;
  cpus?: string;
  mems?: string;
}

export interface RuntimeBlockIO {
  weight?: number;
  weightDevice?: { major: number; minor: number; weight: number }[];
  throttleReadBpsDevice?: RuntimeThrottle[];
  throttleWriteBpsDevice?: RuntimeThrottle[];
  throttleReadIOPSDevice?: RuntimeThrottle[];
  throttleWriteIOPSDevice?: RuntimeThrottle[];
}

export interface RuntimeThrottle {
  major: number;
  minor: number;
  rate: number;
}

export interface RuntimeSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  flags?: string[];
  syscalls: RuntimeSyscallRule[];
}

export interface RuntimeSyscallRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: RuntimeSyscallArg[];
}

export interface RuntimeSyscallArg {
  index: number;
  value: number;
  valueTwo?: number;
  op: string;
}
