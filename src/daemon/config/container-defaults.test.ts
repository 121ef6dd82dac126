import { expect, test } from 'bun:test';
import { readContainerDefaults } from './container-defaults.ts';

test('readContainerDefaults has Docker’s defaults when nothing is said', () => {
  expect(readContainerDefaults({})).toEqual({
    runtimes: {},
    defaultUlimits: [],
    defaultIpcMode: 'private',
    defaultCgroupnsMode: '',
    noNewPrivileges: false,
    init: false,
    initPath: '',
    seccompProfile: 'builtin',
    hostGatewayIps: [],
    cdiSpecDirs: ['/etc/cdi', '/var/run/cdi'],
  });
});

test('readContainerDefaults takes objects of daemon.json and texts of flags', () => {
  const file = {
    runtimes: { nvidia: { path: '/usr/bin/nvidia-container-runtime', runtimeArgs: ['--x'] } },
    'default-ulimits': { nofile: { Name: 'nofile', Hard: 200, Soft: 100 } },
    'cdi-spec-dirs': [''],
  };
  expect(readContainerDefaults(file)).toMatchObject({
    runtimes: { nvidia: { path: '/usr/bin/nvidia-container-runtime', args: ['--x'] } },
    defaultUlimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
    cdiSpecDirs: [],
  });
  const flags = { runtimes: ['Mine=/bin/mine'], 'default-ulimits': ['core=0', 'nofile=1:-1'] };
  expect(readContainerDefaults(flags)).toMatchObject({
    runtimes: { mine: { path: '/bin/mine', args: [] } },
    defaultUlimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: 1, Hard: -1 },
    ],
  });
});

test.each([
  [{ runtimes: { runc: { path: '/x' } } }, "runtime name 'runc' is reserved"],
  [{ runtimes: { kata: { runtimeType: 'io.containerd.kata.v2' } } }, 'shim of containerd'],
  [{ runtimes: { x: {} } }, `runtime 'x' is missing its "path"`],
  [{ runtimes: ['x'] }, 'invalid runtime argument: x'],
  [
    { 'default-ulimits': ['nofile=2:1'] },
    'ulimit soft limit must be less than or equal to hard limit: 2 > 1',
  ],
  [{ 'default-ipc-mode': 'host' }, 'default IPC mode (host) is invalid; use one of "private", "shareable"'],
  [{ 'default-cgroupns-mode': 'x' }, 'default cgroup namespace mode (x) is invalid'],
  [{ 'seccomp-profile': '/nowhere' }, 'opening seccomp profile (/nowhere) failed: '],
  [{ 'host-gateway-ips': ['x'] }, 'ParseAddr("x"): unable to parse IP'],
])('readContainerDefaults refuses %p', (values, sentence) => {
  expect(() => readContainerDefaults(values)).toThrow(sentence);
});
