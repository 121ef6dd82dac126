export { createSystem, type SystemContext } from './engine-system.ts';
export { type Host, readHost } from './host.ts';
export { API_VERSION, MIN_API_VERSION, type System } from './system.ts';
