import { describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../../spec/docker/mod.ts';
import type { ContainerSettings } from '../context.ts';
import { withHostDefaults } from './host-defaults.ts';

const NOTHING = {
  ...{
    NetworkMode: '',
    ShmSize: 0,
    IpcMode: '',
    CgroupnsMode: '',
    Privileged: false,
    Runtime: '',
    PidMode: '',
  },
  ...{ RestartPolicy: { Name: '', MaximumRetryCount: 0 }, LogConfig: { Type: '', Config: null } },
  ...{ Memory: 0, MemorySwap: 0, SecurityOpt: null, MaskedPaths: null, ReadonlyPaths: null },
} as unknown as HostConfig;

const settings = (cgroupVersion: 1 | 2, more: Partial<ContainerSettings> = {}) =>
  ({
    ...{ defaultShmSize: 64, defaultIpcMode: 'private', defaultCgroupnsMode: '', runtimeName: 'crun' },
    ...{ defaultLogDriver: 'json-file', defaultLogOptions: {}, host: { cgroupVersion, swapLimit: true } },
    ...more,
  }) as unknown as ContainerSettings;

describe('withHostDefaults', () => {
  test.each([
    [1, false, '', 'host'],
    [2, false, '', 'private'],
    [1, true, '', 'host'],
    [2, true, '', 'private'],
    [1, false, 'private', 'private'],
    [1, true, 'private', 'host'],
    [2, false, 'host', 'host'],
  ] as const)(
    'cgroup v%d, privileged %p, daemon.json "%s": the cgroup namespace is %s',
    (version, Privileged, mode, is) => {
      const filled = withHostDefaults(
        { ...NOTHING, Privileged },
        settings(version, { defaultCgroupnsMode: mode }),
      );
      expect(filled.CgroupnsMode).toBe(is);
    },
  );

  test('what was asked for stays, and the rest is the daemon’s', () => {
    expect(withHostDefaults(NOTHING, settings(1, { defaultIpcMode: 'shareable' }))).toMatchObject({
      ...{ IpcMode: 'shareable', Runtime: 'crun', ShmSize: 64, NetworkMode: 'bridge' },
    });
    const asked = { ...NOTHING, IpcMode: 'none', Runtime: 'runc', ShmSize: 5, CgroupnsMode: 'private' };
    expect(withHostDefaults(asked, settings(1))).toMatchObject({
      ...{ IpcMode: 'none', Runtime: 'runc', ShmSize: 5, CgroupnsMode: 'private' },
    });
  });

  test('paths are masked, unless the container is privileged or says so', () => {
    expect(withHostDefaults(NOTHING, settings(1)).MaskedPaths).toContain('/proc/kcore');
    expect(withHostDefaults({ ...NOTHING, MaskedPaths: [] }, settings(1)).MaskedPaths).toEqual([]);
    expect(withHostDefaults({ ...NOTHING, Privileged: true }, settings(1)).MaskedPaths).toBeNull();
  });
});
