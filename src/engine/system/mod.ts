export { type DiskUsage, USAGE_TYPES, type Usage, type UsageType } from './disk-usage.ts';
export { createSystem, type SystemContext } from './engine-system.ts';
export { type Host, readHost } from './host.ts';
export { API_VERSION, MIN_API_VERSION, type System } from './system.ts';
