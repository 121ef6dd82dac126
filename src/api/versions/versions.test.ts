import { describe, expect, test } from 'bun:test';
import type { ImageInspect, NetworkInspect } from '../../spec/docker/mod.ts';
import { createBody } from '../bodies/container-create.ts';
import { ApiVersion } from '../http/api-version.ts';
import { decode } from '../http/go-json.ts';
import { fakeBackends } from '../testing/fake-backends.ts';
import { adaptCreateRequest } from './container-create.ts';
import { inspectFor as containerFor, summaryFor as containerRow } from './containers.ts';
import { inspectFor as imageFor, summaryFor as imageRow } from './images.ts';
import { infoFor } from './info.ts';
import { summaryFor as networkRow } from './networks.ts';
import { versionFor } from './version.ts';

const v = (text: string) => new ApiVersion(text);

function adapt(version: string, document: object, cgroupUnified = false) {
  const body = decode(createBody, { Image: 'x', ...document });
  const warnings = adaptCreateRequest(body, { version: v(version), cgroupUnified });
  return { ...body, warnings };
}

test('versions compare number by number', () => {
  expect(v('1.9').below('1.24')).toBe(true);
  expect(v('1.24.5').below('1.25')).toBe(true);
  expect(v('1.24.5').below('1.24')).toBe(false);
  expect(v('1.55.0').atLeast('1.55')).toBe(true);
});

describe('create request', () => {
  test('of an old client gets what that client took for granted', () => {
    const { hostConfig } = adapt('1.24', {
      HostConfig: { AutoRemove: true, ConsoleSize: [10, 20], Annotations: { a: 'b' } },
    });
    expect(hostConfig).toMatchObject({
      AutoRemove: false,
      IpcMode: 'shareable',
      CgroupnsMode: 'host',
      ConsoleSize: [0, 0],
      NetworkMode: 'bridge',
    });
    expect(hostConfig).not.toHaveProperty('Annotations');
    expect(adapt('1.40', {}, true).hostConfig.CgroupnsMode).toBe('');
    expect(adapt('1.55', { HostConfig: { AutoRemove: true } }).hostConfig).toMatchObject({
      AutoRemove: true,
      IpcMode: '',
    });
  });

  test('drops or refuses mount options by version', () => {
    const mounts = (Type: string, options: object) => ({
      HostConfig: { Mounts: [{ Type, Target: '/t', ...options }] },
    });
    const foreign = mounts('bind', { VolumeOptions: { NoCopy: true } });
    expect(adapt('1.41', foreign).hostConfig.Mounts?.[0]).not.toHaveProperty('VolumeOptions');
    expect(() => adapt('1.42', foreign)).toThrow('VolumeOptions must not be specified on mount type "bind"');
    expect(() => adapt('1.43', mounts('bind', { BindOptions: { ReadOnlyForceRecursive: true } }))).toThrow(
      'BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer',
    );
    expect(() => adapt('1.44', mounts('volume', { VolumeOptions: { Subpath: 's' } }))).toThrow(
      'VolumeOptions.Subpath needs API v1.45 or newer',
    );
    expect(() => adapt('1.47', mounts('image', {}))).toThrow('Mount type "Image" needs API v1.48 or newer');
    expect(adapt('1.43', {}).defaultReadOnlyNonRecursive).toBe(true);
    expect(adapt('1.44', {}).defaultReadOnlyNonRecursive).toBeUndefined();
  });

  test('refuses Capabilities at 1.40 only', () => {
    const document = { HostConfig: { Capabilities: ['NET_ADMIN'] } };
    expect(() => adapt('1.40', document)).toThrow('use CapAdd and CapDrop');
    expect(adapt('1.39', document).hostConfig).not.toHaveProperty('Capabilities');
    expect(adapt('1.41', document).hostConfig).not.toHaveProperty('Capabilities');
  });

  test('moves the container-wide MAC address to its endpoint', () => {
    const MacAddress = '02:00:00:00:00:01';
    expect(adapt('1.43', { MacAddress }).networkingConfig.EndpointsConfig).toEqual({
      bridge: { MacAddress },
    });
    expect(() => adapt('1.43', { MacAddress, HostConfig: { NetworkMode: 'host' } })).toThrow(
      'conflicting options: mac-address and the network mode',
    );
    const now = adapt('1.44', { MacAddress, HostConfig: { NetworkMode: 'mine' } });
    expect(now.networkingConfig.EndpointsConfig).toEqual({ mine: { MacAddress } });
    expect(now.warnings).toEqual([
      'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.',
    ]);
    const other = { MacAddress, NetworkingConfig: { EndpointsConfig: { elsewhere: {} } } };
    expect(() => adapt('1.44', other)).toThrow('unable to migrate container-wide MAC address');
    const newest = adapt('1.52', { MacAddress });
    expect([newest.networkingConfig.EndpointsConfig, newest.warnings, newest.config.MacAddress]).toEqual([
      {},
      [],
      undefined,
    ]);
    const endpoint = { NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress, GwPriority: 3 } } } };
    expect(adapt('1.43', endpoint).networkingConfig.EndpointsConfig['bridge']).toEqual({});
    expect(adapt('1.55', endpoint).networkingConfig.EndpointsConfig['bridge']).toEqual({
      MacAddress,
      GwPriority: 3,
    });
  });

  test('moves sysctls of eth0, and refuses them from 1.48 on', () => {
    const document = { HostConfig: { Sysctls: { 'net.ipv4.conf.eth0.forwarding': '1', 'kernel.x': '2' } } };
    const { hostConfig, networkingConfig, warnings } = adapt('1.47', document);
    expect(hostConfig.Sysctls).toEqual({ 'kernel.x': '2' });
    expect(networkingConfig.EndpointsConfig['bridge']?.DriverOpts).toEqual({
      'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.forwarding=1',
    });
    expect(warnings[0]).toStartWith('Migrated sysctl "net.ipv4.conf.eth0.forwarding" to DriverOpts');
    expect(() => adapt('1.48', document)).toThrow('must be supplied using driver option');
  });

  test('fills in empty port bindings, with a warning from 1.52 on', () => {
    const document = { HostConfig: { PortBindings: { '80/tcp': [], '81/tcp': [{ HostPort: '1' }] } } };
    const old = adapt('1.51', document);
    expect(old.hostConfig.PortBindings).toEqual({
      '80/tcp': [{ HostIp: '', HostPort: '' }],
      '81/tcp': [{ HostIp: '', HostPort: '1' }],
    });
    expect(old.warnings).toEqual([]);
    expect(adapt('1.52', document).warnings[0]).toContain('empty list of port-bindings: 80/tcp.');
  });

  test('allows several endpoints from 1.44 on', () => {
    const document = { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } };
    expect(() => adapt('1.43', document)).toThrow(
      'Container cannot be created with multiple network endpoints: a, b',
    );
    expect(Object.keys(adapt('1.44', document).networkingConfig.EndpointsConfig)).toEqual(['a', 'b']);
  });
});

test('container answers have the fields of their version', async () => {
  const container = await fakeBackends().backends.containers.inspect('web', { size: false });
  const newest = containerFor(v('1.55'), container) as Record<string, Record<string, unknown>>;
  expect(Object.keys(newest['NetworkSettings'] ?? {}).sort()).toEqual([
    'Networks',
    'Ports',
    'SandboxID',
    'SandboxKey',
  ]);
  expect(newest['Config']).not.toHaveProperty('OnBuild');
  const old = containerFor(v('1.41'), container) as typeof newest;
  expect(old['NetworkSettings']).toMatchObject({
    IPAddress: '172.17.0.2',
    MacAddress: '02:42:ac:11:00:02',
    Bridge: '',
    HairpinMode: false,
    SecondaryIPAddresses: null,
    Networks: { bridge: { Aliases: null }, mine: { Aliases: ['4f4f4f4f4f4f', 'h'] } },
  });
  expect(old).toMatchObject({ Config: { OnBuild: null }, HostConfig: { KernelMemory: 0 } });
  const row = { HostConfig: { NetworkMode: 'bridge', Annotations: { a: 'b' } } } as unknown as Parameters<
    typeof containerRow
  >[1];
  expect(containerRow(v('1.45'), row)).toEqual({ HostConfig: { NetworkMode: 'bridge' } });
  expect(containerRow(v('1.52'), row)).toMatchObject({
    HostConfig: { Annotations: { a: 'b' } },
    Health: { Status: 'none', FailingStreak: 0 },
  });
});

test('image answers have the fields of their version', () => {
  const row = {
    Id: 'sha256:0',
    RepoTags: [],
    RepoDigests: [],
    Size: 7,
    Containers: 2,
  } as unknown as Parameters<typeof imageRow>[1];
  expect(imageRow(v('1.42'), row)).toMatchObject({
    RepoTags: ['<none>:<none>'],
    VirtualSize: 7,
    Containers: -1,
  });
  expect(imageRow(v('1.51'), row)).toEqual(row);
  expect(imageRow(v('1.42'), { ...row, RepoTags: ['a:b'] })).toMatchObject({
    RepoTags: ['a:b'],
    RepoDigests: null,
  });
  const image = {
    Size: 7,
    Parent: '',
    Comment: '',
    DockerVersion: '',
    Author: 'me',
    Config: { Cmd: ['sh'], Env: null, User: '' },
  } as unknown as ImageInspect;
  expect(imageFor(v('1.52'), image)).toEqual({ Size: 7, Author: 'me', Config: { Cmd: ['sh'] } });
  expect(imageFor(v('1.50'), image)).toMatchObject({
    Parent: '',
    Config: { Cmd: ['sh'], Env: null, User: '' },
  });
  expect(imageFor(v('1.50'), image)).not.toHaveProperty('VirtualSize');
  expect(imageFor(v('1.43'), image)).toMatchObject({
    VirtualSize: 7,
    Created: '0001-01-01T00:00:00Z',
    Container: '',
    Config: { Hostname: '', Tty: false },
  });
});

test('networks and info have the fields of their version', () => {
  const network = { Name: 'n', Containers: { a: {} } } as unknown as NetworkInspect;
  expect(networkRow(v('1.27'), network)).toEqual({ Name: 'n', Containers: { a: {} } });
  expect(networkRow(v('1.51'), network)).toEqual({ Name: 'n', Containers: {} });
  expect(networkRow(v('1.52'), network)).toEqual({ Name: 'n' });
  const info = {
    SecurityOptions: ['name=seccomp,profile=builtin'],
    Runtimes: { crun: { path: 'crun', status: {} } },
    RuncCommit: { ID: 'x' },
    RegistryConfig: {},
    FirewallBackend: {},
  };
  expect(infoFor(v('1.24'), info)).toEqual({
    SecurityOptions: ['seccomp'],
    ExecutionDriver: '<not supported>',
    KernelVersion: '<unknown>',
    OperatingSystem: '<unknown>',
    Runtimes: { crun: { path: 'crun' } },
    RuncCommit: { ID: 'x', Expected: 'x' },
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: null,
      AllowNondistributableArtifactsHostnames: null,
    },
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
  });
  expect(infoFor(v('1.55'), info)).toEqual(info);
});

test('docker-compose 1.x is told of the last version that it works with, others of the newest', () => {
  const answer = { Version: 'x', ApiVersion: '1.55' };
  const told = (client: string | undefined) => versionFor(client, answer)['ApiVersion'];
  expect(told('docker-compose/1.29.2 docker-py/5.0.3 Linux/6.1')).toBe('1.44');
  expect([told('docker-compose/2.1'), told('Docker-Client/28.2.2 (linux)'), told(undefined)]).toEqual([
    '1.55',
    '1.55',
    '1.55',
  ]);
});
