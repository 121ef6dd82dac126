export type * from './logs.ts';
export { type LogsOptions, openLogs } from './open-logs.ts';
