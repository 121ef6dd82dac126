import { expect, test } from 'bun:test';
import { checkInterfaceOptions } from './interface-options.ts';

const check = (label: string, value: string, ipv6 = false) =>
  checkInterfaceOptions({ [`com.docker.network.${label}`]: value }, { ipv6 });

test('a bridge has a name that an interface can have', () => {
  for (const good of ['', 'br0', 'a-b_c.d', 'x'.repeat(15)]) check('bridge.name', good);
  for (const bad of ['x'.repeat(16), 'a/b', 'a b', '.', '..', 'all', 'default', 'a"b', 'é']) {
    expect(() => check('bridge.name', bad)).toThrow(`invalid bridge name ${JSON.stringify(bad)}`);
  }
});

test('packets have a size that the kernel takes', () => {
  for (const good of ['0', '68', '1500', '65535', '-1', 'x']) check('driver.mtu', good);
  for (const bad of ['1', '67', '65536']) {
    expect(() => check('driver.mtu', bad)).toThrow(`invalid MTU number: ${bad}: must be from 68 to 65535`);
  }
  check('driver.mtu', '1280', true);
  expect(() => check('driver.mtu', '1279', true)).toThrow('must be from 1280 to 65535 with IPv6');
});
