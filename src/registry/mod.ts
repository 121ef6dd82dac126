export { createRegistry, type RegistryClientOptions } from './create-registry.ts';
export type { BlobPiece, LentSocket } from './lent-socket.ts';
export type * from './registry.ts';
