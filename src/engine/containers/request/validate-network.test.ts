import { describe, expect, test } from 'bun:test';
import type { ContainerConfig, HostConfig } from '../../../spec/docker/mod.ts';
import { validateEndpoint, validateExtraHosts, validateNetworkMode } from './validate-network.ts';

const mode = (hostConfig: Partial<HostConfig>, config: Partial<ContainerConfig> = {}) =>
  validateNetworkMode(
    { Hostname: '', ...config } as ContainerConfig,
    { NetworkMode: 'container:x', UTSMode: '', ...hostConfig } as HostConfig,
  );

describe('validateNetworkMode', () => {
  test('refuses what another container decides', () => {
    expect(() => mode({})).not.toThrow();
    expect(() => mode({ NetworkMode: 'container:' })).toThrow(
      'Invalid network mode: invalid container format container:<name|id>',
    );
    expect(() => mode({}, { Hostname: 'h' })).toThrow('conflicting options: hostname and the network mode');
    expect(() => mode({ Dns: ['1.1.1.1'] })).toThrow('conflicting options: dns and the network mode');
    expect(() => mode({ ExtraHosts: ['a:1.1.1.1'] })).toThrow('custom host-to-IP mapping');
    expect(() => mode({ PublishAllPorts: true })).toThrow('port publishing and the container type');
    expect(() => mode({}, { ExposedPorts: { '80/tcp': {} } })).toThrow(
      'port exposing and the container type',
    );
    expect(() => mode({ Links: ['a'] })).toThrow("container type network can't be used with links");
  });

  test('refuses a name of its own in the UTS namespace of the host', () => {
    const host = { NetworkMode: 'host', UTSMode: 'host' };
    expect(() => mode(host, { Hostname: 'h' })).toThrow('conflicting options: hostname and the UTS mode');
    expect(() => mode({ NetworkMode: 'host' }, { Hostname: 'h' })).not.toThrow();
  });
});

test('validateExtraHosts wants a name and an address', () => {
  validateExtraHosts(['a:1.2.3.4', 'b=::1', 'c:[::1]', 'd:host-gateway']);
  expect(() => validateExtraHosts(['foo'])).toThrow('bad format for add-host: "foo"');
  expect(() => validateExtraHosts(['foo:bar'])).toThrow('invalid IP address in add-host: "bar"');
});

test('validateEndpoint says all that is wrong at once', () => {
  validateEndpoint('bridge', { MacAddress: '02:42:ac:11:00:02' }, false);
  expect(() =>
    validateEndpoint('bridge', { IPAMConfig: { IPv4Address: 'zzz' }, Aliases: ['a'] }, false),
  ).toThrow(
    'invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only\nnetwork-scoped alias is supported only for containers in user defined networks\ninvalid IPv4 address: zzz',
  );
});

test('validateEndpoint refuses what no interface can have', () => {
  const endpoint = (MacAddress: string) => () => validateEndpoint('n', { MacAddress }, true);
  for (const good of ['02:42:ac:11:00:02', '02-42-AC-11-00-02', '00:00:00:00:00:01']) endpoint(good)();
  expect(endpoint('02:42')).toThrow('invalid MAC address 02:42');
  expect(endpoint('01:00:5e:00:00:01')).toThrow(
    'invalid MAC address 01:00:5e:00:00:01: it is that of a group',
  );
  expect(endpoint('FF-FF-FF-FF-FF-FF')).toThrow(
    'invalid MAC address FF-FF-FF-FF-FF-FF: it is that of a group',
  );
  expect(endpoint('00:00:00:00:00:00')).toThrow('invalid MAC address 00:00:00:00:00:00: it is all zeros');
  for (const name of ['a/b', 'x'.repeat(16), '..', 'all', 'default']) {
    const DriverOpts = { 'com.docker.network.endpoint.ifname': name };
    expect(() => validateEndpoint('n', { DriverOpts }, true)).toThrow(`invalid interface name "${name}"`);
  }
});
