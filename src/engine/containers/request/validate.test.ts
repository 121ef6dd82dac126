import { expect, test } from 'bun:test';
import type { ContainerConfig, HostConfig } from '../../../spec/docker/mod.ts';
import type { HostLimits } from '../context.ts';
import { validateConfig, validateHostConfig } from './validate.ts';

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

test('a NUL is refused in all that a container is told', () => {
  const config = { Cmd: ['true'], User: '', WorkingDir: '/', Env: ['A=b'] } as unknown as ContainerConfig;
  validateConfig(config);
  const told: Partial<ContainerConfig>[] = [
    { Cmd: ['true', 'a\0b'] },
    { Entrypoint: ['\0'] },
    { User: 'a\0' },
    { WorkingDir: '/a\0b' },
    { Hostname: 'a\0' },
    { Domainname: 'a\0' },
    { Volumes: { '/a\0': {} } },
    { Healthcheck: { Test: ['CMD', 'a\0'] } },
    { Env: ['A=b\0'] },
  ];
  for (const one of told) {
    expect(() => validateConfig({ ...config, ...one })).toThrow(/^invalid .*: it contains a NUL$/);
  }
  const hosts: object[] = [
    { Binds: ['/a\0:/b'] },
    { Tmpfs: { '/a\0': '' } },
    { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b\0' }] },
  ];
  for (const one of hosts) {
    expect(() => validateHostConfig(one as HostConfig, {} as HostLimits)).toThrow(
      /^invalid (?:Binds|Tmpfs|Mounts): it contains a NUL$/,
    );
  }
});
