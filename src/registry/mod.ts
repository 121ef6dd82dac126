export { createRegistry, type RegistryClientOptions } from './create-registry.ts';
export type * from './registry.ts';
