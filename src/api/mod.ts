export type { ApiBackends } from './routes/all-routes.ts';
export { type ApiServerOptions, createApiServer } from './server.ts';
