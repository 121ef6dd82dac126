export { type CgroupDriver, type CgroupHost, detectCgroups } from './cgroups/host.ts';
export { cgroupsPathFor, DEFAULT_CGROUP_PARENT } from './cgroups/paths.ts';
export { RuntimeFailure } from './crun/failure.ts';
export { openRuntime, type RuntimeOptions } from './open-runtime.ts';
export type * from './runtime.ts';
