import { expect, test } from 'bun:test';
import { readConfig } from './config/read-config.ts';
import { defaultBridge } from './default-bridge.ts';

const ipv4 = (cidr: string) => [{ family: 'IPv4', cidr }];
const host = (
  addresses: Record<string, { family: string; cidr: string }[]> = {},
  subnets: string[] = [],
) => ({ addresses, subnets: () => subnets });

test('defaultBridge takes the subnet of bip', () => {
  const config = readConfig(['--bip', '172.30.7.1/24']);
  expect(defaultBridge(config, [], host())).toMatchObject({ subnet: '172.30.7.0/24', gateway: '172.30.7.1' });
  expect(() => defaultBridge(readConfig(['--bip', '300.1.1.1/24']), [], host())).toThrow(
    'invalid CIDR address: 300.1.1.1/24',
  );
});

test('defaultBridge takes the first pool in which neither the host nor another network has an address', () => {
  const busy = host({}, ['172.17.0.0/16', '172.18.4.0/20']);
  expect(defaultBridge(readConfig([]), ['172.19.0.0/24'], busy)).toMatchObject({
    subnet: '172.20.0.0/16',
    gateway: '172.20.0.1',
  });
});

test('defaultBridge keeps the subnet that its bridge has', () => {
  const before = host({ minke0: ipv4('172.20.0.1/16') }, ['172.20.0.0/16']);
  expect(defaultBridge(readConfig([]), [], before)).toMatchObject({
    subnet: '172.20.0.0/16',
    gateway: '172.20.0.1',
  });
});
