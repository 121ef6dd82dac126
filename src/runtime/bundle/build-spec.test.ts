import { describe, expect, test } from 'bun:test';
import { isEngineError } from '../../base/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';
import { CAPABILITIES } from '../../sys/mod.ts';
import { buildSpec } from './build-spec.ts';
import { DEFAULT_CAPABILITIES } from './capabilities.ts';
import { containerEnv } from './env.ts';
import { EXAMPLE_FACTS, exampleInput } from './example-input.ts';

const HELD = CAPABILITIES.filter((name) => name !== 'CAP_SYS_RESOURCE');
const host = { ...EXAMPLE_FACTS, capabilities: HELD };
const specOf = (hostConfig: Partial<HostConfig> = {}, changes: Parameters<typeof exampleInput>[1] = {}) =>
  buildSpec(exampleInput(hostConfig, { host, ...changes }));
const mountOf = (spec: ReturnType<typeof specOf>, destination: string) =>
  spec.mounts.find((mount) => mount.destination === destination);
function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return isEngineError(error, 'invalid') ? error.message : `not invalid: ${String(error)}`;
  }
  return 'no error';
}

describe('buildSpec', () => {
  test('of a plain container', () => {
    const { linux, ...spec } = specOf();
    const { seccomp, ...rest } = linux;
    expect({ ...spec, linux: rest }).toMatchSnapshot();
    expect(seccomp?.defaultErrnoRet).toBe(38);
  });

  test('of a privileged one: what the daemon holds, nothing masked, nothing read-only, all devices', () => {
    const spec = specOf({ Privileged: true });
    expect(spec.process.capabilities?.bounding).toEqual(HELD);
    expect(spec.linux.seccomp).toBeUndefined();
    expect(spec.linux.maskedPaths).toEqual([]);
    expect(spec.linux.readonlyPaths).toEqual([]);
    expect(mountOf(spec, '/sys')?.options).not.toContain('ro');
    expect(mountOf(spec, '/sys/fs/cgroup')?.options).not.toContain('ro');
    expect(spec.linux.resources?.devices).toEqual([{ allow: true, access: 'rwm' }]);
  });

  test('capabilities follow CapAdd and CapDrop', () => {
    const of = (hostConfig: Partial<HostConfig>) => specOf(hostConfig).process.capabilities?.bounding;
    expect(of({})).toEqual(DEFAULT_CAPABILITIES);
    expect(of({ CapDrop: ['all'], CapAdd: ['chown'] })).toEqual(['CAP_CHOWN']);
    expect(of({ CapAdd: ['ALL'] })).toEqual(HELD);
    expect(of({ CapAdd: ['ALL'], CapDrop: ['CAP_SYS_ADMIN'] })).not.toContain('CAP_SYS_ADMIN');
    expect(of({ CapDrop: ['NET_RAW'] })).not.toContain('CAP_NET_RAW');
    expect(errorOf(() => of({ CapAdd: ['foo'] }))).toBe('invalid CapAdd: unknown capability: "CAP_FOO"');
    expect(errorOf(() => of({ CapAdd: ['SYS_RESOURCE'] }))).toBe(
      'invalid CapAdd: capability not supported by your kernel or not available in the current environment: "CAP_SYS_RESOURCE"',
    );
  });

  test('a user that is not root starts with no capability in effect', () => {
    const { capabilities } = specOf({}, { user: { uid: 1000, gid: 1000, additionalGids: [10] } }).process;
    expect(capabilities).toMatchObject({ bounding: DEFAULT_CAPABILITIES, effective: [], permitted: [] });
  });

  test('limits become cgroup settings', () => {
    const mib = 1024 * 1024;
    const limits: Partial<HostConfig> = {
      Memory: 64 * mib,
      MemoryReservation: 32 * mib,
      MemorySwappiness: 0,
      NanoCpus: 1_500_000_000,
      CpuShares: 512,
      CpusetCpus: '0-1',
      PidsLimit: 100,
      BlkioWeight: 300,
      BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1000 }],
      DeviceCgroupRules: ['c 42:* rw'],
    };
    const blockDevices = new Map([['/dev/sda', { major: 8, minor: 0 }]]);
    const { devices, ...resources } =
      specOf(limits, { host: { ...host, blockDevices } }).linux.resources ?? {};
    expect(resources).toEqual({
      memory: { limit: 64 * mib, reservation: 32 * mib, swap: 128 * mib, swappiness: 0 },
      cpu: { shares: 512, quota: 150_000, period: 100_000, cpus: '0-1' },
      pids: { limit: 100 },
      blockIO: { weight: 300, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }] },
    });
    expect(devices?.at(-1)).toEqual({ allow: true, type: 'c', major: 42, access: 'rw' });
    expect(errorOf(() => specOf({ DeviceCgroupRules: ['x 1:1 r'] }))).toBe(
      `invalid device cgroup rule format: 'x 1:1 r'`,
    );
  });

  test('no limit on swap where the kernel has none', () => {
    const spec = specOf({ Memory: 1000 }, { host: { ...host, swapLimit: false } });
    expect(spec.linux.resources?.memory).toEqual({ limit: 1000 });
  });

  test('namespaces of the host or of another container', () => {
    const types = (hostConfig: Partial<HostConfig>, changes = {}) =>
      specOf(hostConfig, changes).linux.namespaces.map(({ type, path }) => (path ? `${type}=${path}` : type));
    expect(types({ CgroupnsMode: '' })).toContain('cgroup');
    expect(types({ CgroupnsMode: '' }, { host: { ...host, cgroupVersion: 1 } })).not.toContain('cgroup');
    expect(types({ PidMode: 'host', UTSMode: 'host', IpcMode: 'host' }, { netns: 'host' })).toEqual([
      'mount',
    ]);
    expect(types({}, { joined: { ipc: '/proc/1/ns/ipc' } })).toContain('ipc=/proc/1/ns/ipc');
    expect(specOf({ UTSMode: 'host' }).hostname).toBeUndefined();
    expect(specOf({ IpcMode: 'host' }).mounts).toContainEqual({
      destination: '/dev/shm',
      type: 'bind',
      source: '/dev/shm',
      options: ['rbind', 'rprivate'],
    });
  });

  test('sysctls for low ports and ping only in a network namespace of its own', () => {
    expect(specOf().linux.sysctl).toMatchObject({ 'net.ipv4.ip_unprivileged_port_start': '0' });
    expect(specOf({}, { netns: 'host' }).linux.sysctl).toBeUndefined();
    expect(specOf({ NetworkMode: 'container:x' }).linux.sysctl).toBeUndefined();
    expect(specOf({}, { config: { Domainname: 'example.org' } }).linux.sysctl).toMatchObject({
      'kernel.domainname': 'example.org',
    });
  });

  test('mounts of the user replace ours and come after their parents', () => {
    const mounts = [
      { source: '/a', destination: '/data/x/y', type: 'bind', options: ['rbind', 'rslave'] },
      { source: '/b', destination: '/dev/shm', type: 'bind', options: ['rbind', 'ro'] },
      { source: '/c', destination: '/data', type: 'bind', options: ['rbind', 'rshared'] },
    ];
    const spec = specOf({ Tmpfs: { '/run': 'exec,size=1m' } }, { mounts });
    const order = spec.mounts.map(({ destination }) => destination);
    expect(order.indexOf('/data')).toBeLessThan(order.indexOf('/data/x/y'));
    expect(order.filter((path) => path === '/dev/shm')).toHaveLength(1);
    expect(mountOf(spec, '/run')?.options).toEqual(['nosuid', 'nodev', 'exec', 'size=1m']);
    expect(spec.linux.rootfsPropagation).toBe('shared');
    const withDev = specOf(
      {},
      { mounts: [{ source: '/dev', destination: '/dev', type: 'bind', options: ['rbind'] }] },
    );
    expect(withDev.mounts.filter(({ destination }) => destination.startsWith('/dev'))).toHaveLength(1);
  });

  test('a read-only root leaves /dev/shm writable and not /sys', () => {
    const spec = specOf({ ReadonlyRootfs: true });
    expect(spec.root.readonly).toBe(true);
    expect(mountOf(spec, '/dev/shm')?.options).not.toContain('ro');
    expect(mountOf(spec, '/sys')?.options).toContain('ro');
  });

  test('an init program runs the command', () => {
    const spec = specOf({ Init: true }, { initPath: '/usr/bin/tini' });
    expect(spec.process.args).toEqual(['/sbin/docker-init', '--', 'true']);
    expect(mountOf(spec, '/sbin/docker-init')).toMatchObject({
      source: '/usr/bin/tini',
      options: ['bind', 'ro'],
    });
  });

  test('security options', () => {
    expect(specOf({ SecurityOpt: ['no-new-privileges'] }).process.noNewPrivileges).toBe(true);
    expect(specOf({ SecurityOpt: ['no-new-privileges:false'] }).process.noNewPrivileges).toBe(false);
    expect(specOf({ SecurityOpt: ['seccomp=unconfined'] }).linux.seccomp).toBeUndefined();
    expect(errorOf(() => specOf({ SecurityOpt: ['nonsense'] }))).toBe('invalid --security-opt 1: "nonsense"');
    expect(errorOf(() => specOf({ SecurityOpt: ['seccomp={'] }))).toStartWith(
      'Decoding seccomp profile failed: ',
    );
  });

  test('a cgroup by driver', () => {
    expect(specOf().linux.cgroupsPath).toBe('/minke/f00d');
    expect(specOf({ CgroupParent: 'x/y' }).linux.cgroupsPath).toBe('/x/y/f00d');
    const systemd = { host: { ...host, cgroupDriver: 'systemd' as const } };
    expect(specOf({}, systemd).linux.cgroupsPath).toBe('system.slice:minke:f00d');
  });
});

describe('containerEnv', () => {
  test('puts the container above the defaults', () => {
    const defaults = { hostname: 'box', tty: true, home: '/root' };
    expect(containerEnv(['A=b=c', 'PATH=/x', 'TERM'], defaults)).toEqual([
      'PATH=/x',
      'HOSTNAME=box',
      'A=b=c',
      'HOME=/root',
    ]);
  });
});
