import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from './read-config.ts';

function ofFile(content: object) {
  const directory = mkdtempSync(join(tmpdir(), 'minke-config-'));
  try {
    const path = join(directory, 'daemon.json');
    writeFileSync(path, JSON.stringify(content));
    return readConfig(['--config-file', path]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('pools and options of networks are the same in daemon.json and as flags', () => {
  const pools = [
    { base: '10.0.0.0/8', size: 24 },
    { base: 'fd00::/48', size: 64 },
  ];
  const options = {
    bridge: { 'com.docker.network.driver.mtu': '1400', a: 'b=c' },
    macvlan: { parent: 'eth0' },
  };
  const flags = readConfig([
    ...['--default-address-pool', 'base=10.0.0.0/8,size=24', '--default-address-pool=Base=FD00::/48,size=64'],
    ...['--default-network-opt', 'bridge=com.docker.network.driver.mtu=1400'],
    ...['--default-network-opt', 'bridge=a=b=c', '--default-network-opt', 'macvlan=parent=eth0'],
  ]);
  const file = ofFile({ 'default-address-pools': pools, 'default-network-opts': options });
  for (const config of [flags, file]) {
    expect(config.addressing.pools).toEqual(pools);
    expect(config.networkOptions).toEqual(options);
  }
});

test.each([
  [{ 'default-address-pools': {} }, '"default-address-pools" must be a list of objects'],
  [{ 'default-address-pools': [1] }, 'must be a list of objects'],
  [{ 'default-address-pools': [{ base: 1, size: 24 }] }, 'with "base" and "size"'],
  [{ 'default-address-pools': [{ base: '10.0.0.0/8', size: 24, scope: 'local' }] }, 'with "base" and "size"'],
  [{ 'default-network-opts': { bridge: 1 } }, 'an object of objects of strings'],
  [{ bip: '172.17.0.1' }, 'parse bip failed: invalid CIDR address: 172.17.0.1'],
  [{ bip: 'fd00::1/64' }, 'parse bip failed'],
  [{ bip6: '10.0.0.1/8' }, 'parse bip6 failed'],
  [{ 'fixed-cidr': 'x' }, 'parse fixed-cidr failed: invalid CIDR address: x'],
  [{ 'default-gateway': 'x' }, 'invalid argument "x" for "--default-gateway" flag: x is not an ip address'],
  [{ 'default-gateway-v6': '10.0.0.1' }, '"--default-gateway-v6" flag: 10.0.0.1 is not an ip address'],
  [{ ipv6: 'yes' }, '"ipv6" must be a boolean'],
])('daemon.json with %p is refused', (content, why) => {
  expect(() => ofFile(content)).toThrow(why);
});

test.each([
  ['base=10.0.0.0/8,size=x', 'invalid size value: "x" (must be integer)'],
  ['base', "invalid field 'base' must be a key=value pair"],
  ['base=10.0.0.0/8,scope=local', "unexpected key 'scope' in 'scope=local'"],
])('the pool %p is refused as flag', (text, why) => {
  expect(() => readConfig(['--default-address-pool', text])).toThrow(why);
});
