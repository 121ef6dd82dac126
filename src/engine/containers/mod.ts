export {
  type AttachOptions,
  type AttachSession,
  type ContainerCreateRequest,
  type ContainerListOptions,
  type Containers,
  type LogsOptions,
  type StatsOptions,
  WAIT_CONDITIONS,
  type WaitCondition,
  type WaitResult,
} from './containers.ts';
export type { ContainerSettings, ContainersContext } from './context.ts';
export { Directory } from './directory.ts';
export { createContainers } from './engine-containers.ts';
export { handleExecExit } from './exec/end-exec.ts';
export { createExecs } from './exec/engine-execs.ts';
export { ExecDirectory } from './exec/exec-directory.ts';
export type { ExecCreateRequest, ExecStartOptions, Execs } from './exec/execs.ts';
export { restoreExecs } from './exec/restore-execs.ts';
export { createFiles } from './files/engine-files.ts';
export type { CommitRequest, ContainerFiles } from './files/files.ts';
export { HealthWatch } from './health/health-watch.ts';
export { serveHealth } from './health/serve-health.ts';
export { restoreContainers, startByPolicy } from './life/restore.ts';
export { isRunning } from './life/status.ts';
export { stopAll } from './life/stop-all.ts';
export { handleExit } from './life/supervise.ts';
export type { UpdateRequest } from './request/merge-update.ts';
export { findInit } from './set-up/init-program.ts';
export { StatsCollector } from './stats/stats-collector.ts';
