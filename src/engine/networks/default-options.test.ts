import { expect, test } from 'bun:test';
import { withDefaultOptions } from './default-options.ts';
import type { NetworkCreateRequest } from './networks.ts';

const ask = (change: Partial<NetworkCreateRequest> = {}): NetworkCreateRequest => ({
  name: 'lan',
  driver: '',
  scope: '',
  enableIpv4: undefined,
  enableIpv6: undefined,
  ipam: { driver: '', options: {}, config: [] },
  internal: false,
  attachable: false,
  ingress: false,
  configOnly: false,
  configFrom: '',
  options: {},
  labels: {},
  ...change,
});
const defaults = {
  bridge: { a: '1', b: '2', 'com.docker.network.enable_ipv6': 'true' },
  macvlan: { parent: 'eth0' },
};

test('options of the configuration are those of its driver, and only where the request has none', () => {
  const plain = withDefaultOptions(defaults, ask({ options: { b: '3' } }));
  expect(plain).toMatchObject({ options: { a: '1', b: '3' }, enableIpv4: true, enableIpv6: true });
  expect(withDefaultOptions(defaults, ask({ driver: 'macvlan' })).options).toEqual({ parent: 'eth0' });
  expect(withDefaultOptions(defaults, ask({ configFrom: 'other' })).options).toEqual({});
});

test('a family is on or off as the request says, else as an option does', () => {
  expect(withDefaultOptions(defaults, ask({ enableIpv6: false })).enableIpv6).toBe(false);
  expect(withDefaultOptions({}, ask()).enableIpv6).toBe(false);
  const off = { 'com.docker.network.enable_ipv4': '0' };
  expect(withDefaultOptions({}, ask({ options: off })).enableIpv4).toBe(false);
  const bad = { 'com.docker.network.enable_ipv6': 'yes' };
  expect(() => withDefaultOptions({}, ask({ options: bad }))).toThrow(
    'driver-opt "com.docker.network.enable_ipv6" is not a valid bool',
  );
});
