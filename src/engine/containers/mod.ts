export {
  type AttachOptions,
  type AttachSession,
  type ContainerCreateRequest,
  type ContainerListOptions,
  type Containers,
  type LogsOptions,
  WAIT_CONDITIONS,
  type WaitCondition,
  type WaitResult,
} from './containers.ts';
export type { ContainerSettings, ContainersContext } from './context.ts';
export { Directory } from './directory.ts';
export { createContainers } from './engine-containers.ts';
export { findInit } from './init-program.ts';
export { restoreContainers, startByPolicy } from './restore.ts';
export { isRunning } from './status.ts';
export { stopAll } from './stop-all.ts';
export { handleExit } from './supervise.ts';
