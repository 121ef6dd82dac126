export type {
  ApiOptions,
  ApiResponse,
  Hijacked,
  QueryValue,
  RequestOptions,
} from './api.ts';
export { EngineClient } from './engine-client.ts';
export * from './errors.ts';
export type { Filters } from './filters.ts';
export * from './resources/containers.ts';
export type { EngineEvent } from './resources/events.ts';
export * from './resources/execs.ts';
export * from './resources/files.ts';
export * from './resources/images.ts';
export * from './resources/system.ts';
export * from './resources/volumes.ts';
export * from './streams.ts';
export { NEWEST_API_VERSION } from './transport/api-version.ts';
export { type Connection, type Dial, InboundQueue } from './transport/connection.ts';
export { dialNode } from './transport/dial-node.ts';
export {
  DEFAULT_HOST,
  type Endpoint,
  hostFromEnv,
  type TlsOptions,
  tlsFromEnv,
} from './transport/endpoint.ts';
