import { expect, test } from 'bun:test';
import type { HostConfig } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { validateHostConfig } from './validate.ts';

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
