export { failureOf, statusOf } from './errors.ts';
export type { ApiBackends } from './routes/all-routes.ts';
export type { RegistryLogin } from './routes/system.ts';
export { ApiServer, type ApiServerOptions, createApiServer } from './server.ts';
