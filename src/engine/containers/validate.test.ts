import { expect, test } from 'bun:test';
import type { ContainerConfig, HostConfig } from '../../spec/docker/mod.ts';
import type { HostLimits } from './context.ts';
import { configWarnings, validateHostConfig } from './validate.ts';

test('configWarnings says that a health check has no effect, unless there is none', () => {
  const config = (test: string[]) => ({ Healthcheck: { Test: test } }) as ContainerConfig;
  expect(configWarnings(config(['CMD', 'true']))).toHaveLength(1);
  expect(configWarnings(config(['NONE']))).toEqual([]);
  expect(configWarnings({} as ContainerConfig)).toEqual([]);
});

test('validateHostConfig refuses storage options in Docker’s words', () => {
  const hostConfig = {
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    ShmSize: 0,
    OomScoreAdj: 0,
    IpcMode: 'private',
    PidMode: '',
    UTSMode: '',
    CgroupnsMode: 'host',
    UsernsMode: '',
    Isolation: '',
    StorageOpt: { size: '1g' },
  } as unknown as HostConfig;
  expect(() => validateHostConfig(hostConfig, {} as HostLimits)).toThrow(
    '--storage-opt is supported only for overlay',
  );
});
