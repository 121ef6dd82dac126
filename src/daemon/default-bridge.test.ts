import { expect, test } from 'bun:test';
import { subnetPools } from '../net/mod.ts';
import { readConfig } from './config/read-config.ts';
import { defaultBridge } from './default-bridge.ts';

const pools = subnetPools([], '');
const host = (addresses: Record<string, string[]> = {}, subnets: string[] = []) => ({
  addresses: (name: string) => addresses[name] ?? [],
  subnets: () => subnets,
});

test('defaultBridge takes the subnet of bip', () => {
  const config = readConfig(['--bip', '172.30.7.1/24']);
  expect(defaultBridge(config, [], pools, host())).toMatchObject({
    subnet: '172.30.7.0/24',
    gateway: '172.30.7.1',
  });
  expect(() => defaultBridge(readConfig(['--bip', '300.1.1.1/24']), [], pools, host())).toThrow(
    'parse bip failed: invalid CIDR address: 300.1.1.1/24',
  );
});

test('defaultBridge takes the first pool in which neither the host nor another network has an address', () => {
  const busy = host({}, ['172.17.0.0/16', '172.18.4.0/20']);
  expect(defaultBridge(readConfig([]), ['172.19.0.0/24'], pools, busy)).toMatchObject({
    subnet: '172.20.0.0/16',
    gateway: '172.20.0.1',
  });
});

test('defaultBridge keeps the subnet that its bridge has', () => {
  const before = host({ minke0: ['172.20.0.1/16'] }, ['172.20.0.0/16']);
  expect(defaultBridge(readConfig([]), [], pools, before)).toMatchObject({
    subnet: '172.20.0.0/16',
    gateway: '172.20.0.1',
  });
});

test('defaultBridge has a subnet of each family, its own unique local one unless told', () => {
  expect(defaultBridge(readConfig(['--ipv6']), [], pools, host()).ipv6).toEqual({
    subnet: 'fd42:98fc:1c14::/64',
    gateway: 'fd42:98fc:1c14::1',
  });
  const argv = [
    '--ipv6',
    '--bip6',
    'fd77::9/64',
    '--fixed-cidr-v6',
    'fd77::aa00/120',
    '--default-gateway-v6',
  ];
  expect(defaultBridge(readConfig([...argv, 'fd77::fe']), [], pools, host()).ipv6).toEqual({
    subnet: 'fd77::/64',
    gateway: 'fd77::9',
    ipRange: 'fd77::aa00/120',
    reserved: ['fd77::fe'],
    router: 'fd77::fe',
  });
  // Without ipv6 the others say nothing.
  expect(defaultBridge(readConfig(['--bip6', 'fd77::9/64']), [], pools, host())).not.toHaveProperty('ipv6');
  const linkLocal = { minke0: ['10.5.0.1/24', 'fe80::1/64'] };
  expect(defaultBridge(readConfig(['--ipv6']), [], pools, host(linkLocal))).toMatchObject({
    subnet: '10.5.0.0/24',
    ipv6: { subnet: 'fd42:98fc:1c14::/64' },
  });
});

test('defaultBridge takes fixed-cidr as range, and as subnet where nothing else says one', () => {
  const fixed = (argv: string[], cidr?: string) =>
    defaultBridge(readConfig(argv), [], pools, host(cidr === undefined ? {} : { minke0: [cidr] }));
  const range = ['--fixed-cidr', '10.6.4.0/24'];
  expect(fixed(range)).toMatchObject({ subnet: '10.6.4.0/24', gateway: '10.6.4.1', ipRange: '10.6.4.0/24' });
  expect(fixed([...range, '--bip', '10.6.0.1/16'])).toMatchObject({
    subnet: '10.6.0.0/16',
    gateway: '10.6.0.1',
    ipRange: '10.6.4.0/24',
  });
  // The bridge is there from before: with the range in its subnet, out of it, and larger than it.
  expect(fixed(range, '10.6.0.9/16')).toMatchObject({ subnet: '10.6.0.0/16', gateway: '10.6.0.9' });
  expect(fixed(range, '10.7.0.9/16')).toMatchObject({ subnet: '10.6.4.0/24', gateway: '10.6.4.1' });
  expect(fixed(range, '10.6.4.9/28')).toMatchObject({ subnet: '10.6.4.0/24', gateway: '10.6.4.9' });
  expect(() => fixed([...range, '--bip', '10.7.0.1/16'])).toThrow("doesn't contain ip-range");
});

test('defaultBridge sends containers to the gateway of the configuration', () => {
  const config = readConfig(['--bip', '10.6.0.1/16', '--default-gateway', '10.6.0.254']);
  expect(defaultBridge(config, [], pools, host())).toMatchObject({
    gateway: '10.6.0.1',
    router: '10.6.0.254',
    reserved: ['10.6.0.254'],
  });
  const outside = readConfig(['--bip', '10.6.0.1/16', '--default-gateway', '10.7.0.254']);
  expect(() => defaultBridge(outside, [], pools, host())).toThrow("doesn't contain this address");
});
