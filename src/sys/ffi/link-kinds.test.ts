import { describe, expect, test } from 'bun:test';
import {
  addDummy,
  addIpvlan,
  addMacvlan,
  addVlan,
  isIpvlanFlag,
  isIpvlanMode,
  isMacvlanMode,
  probeLinkKind,
  setLinkAlias,
} from './link-kinds.ts';
import type { NetlinkMessage } from './netlink-message.ts';
import { parseMessages } from './netlink-parse.ts';
import { parseLink } from './rtnetlink.ts';

/**
 * Not every kernel has these kinds: so what is asked of it was compared with what iproute2 6.1 sends for the same
 * (`strace -e write=all ip link add …`). It differs in the order of attributes, the flag of nested ones, the zero after
 * a kind's name, and in naming the namespace by descriptor.
 */
function hex(message: NetlinkMessage): string {
  const bytes = message.finish(1).subarray(16);
  return bytes.toString('hex').replace(/(.{8})(?=.)/g, '$1 ');
}

const NO_LINK = '00000000 00000000 00000000 00000000';
const UP = '00000000 00000000 01000000 01000000';
const link = { name: 'eth0', parent: 7, netns: 21, mtu: undefined };
const NAME = '09000300 65746830 00000000';

describe('what is asked of netlink for', () => {
  test.each([
    ['private', '01'],
    ['vepa', '02'],
    ['bridge', '04'],
    ['passthru', '08'],
  ] as const)('a macvlan of mode %s', (mode, value) => {
    const info = `0c000100 6d616376 6c616e00 0c000280 08000100 ${value}000000`;
    expect(hex(addMacvlan({ ...link, mac: undefined, mode }))).toBe(
      `${NO_LINK} ${NAME} 08000500 07000000 08001c00 15000000 1c001280 ${info}`,
    );
  });

  test('a macvlan with an address and an MTU', () => {
    const message = addMacvlan({ ...link, mac: '02:42:ac:1f:47:02', mtu: 1400, mode: 'bridge' });
    expect(hex(message)).toBe(
      `${NO_LINK} ${NAME} 08000500 07000000 08000400 78050000 08001c00 15000000 0a000100 0242ac1f 47020000 ` +
        '1c001280 0c000100 6d616376 6c616e00 0c000280 08000100 04000000',
    );
  });

  test.each([
    ['l2', 'bridge', '0000', '0000'],
    ['l3', 'private', '0100', '0100'],
    ['l3s', 'vepa', '0200', '0200'],
  ] as const)('an ipvlan of mode %s and flag %s', (mode, flag, first, second) => {
    const info = '0b000100 6970766c 616e0000';
    expect(hex(addIpvlan({ ...link, mode, flag }))).toBe(
      `${NO_LINK} ${NAME} 08000500 07000000 08001c00 15000000 ` +
        `24001280 ${info} 14000280 06000100 ${first}0000 06000200 ${second}0000`,
    );
  });

  test('a VLAN of an interface', () => {
    expect(hex(addVlan('out0.10', 3, 10))).toBe(
      `${UP} 0c000300 6f757430 2e313000 08000500 03000000 1c001280 09000100 766c616e 00000000 0c000280 06000100 0a000000`,
    );
  });

  test('a dummy, an alias, a probe', () => {
    expect(hex(addDummy('dm-12'))).toBe(
      `${UP} 0a000300 646d2d31 32000000 10001280 0a000100 64756d6d 79000000`,
    );
    expect(hex(setLinkAlias('dm-1', 'minke'))).toBe(
      `${NO_LINK} 09000300 646d2d31 00000000 09001400 6d696e6b 65000000`,
    );
    expect(hex(probeLinkKind('ipvlan'))).toBe(`${NO_LINK} 10001280 0b000100 6970766c 616e0000`);
  });
});

test('names of modes and flags are known, and nothing else', () => {
  expect(['bridge', 'private', 'vepa', 'passthru'].every(isMacvlanMode)).toBe(true);
  expect(['l2', 'l3', 'l3s'].every(isIpvlanMode)).toBe(true);
  expect(['bridge', 'private', 'vepa'].every(isIpvlanFlag)).toBe(true);
  for (const name of ['', 'l4', 'toString', 'source']) {
    expect([isMacvlanMode(name), isIpvlanMode(name), isIpvlanFlag(name)]).toEqual([false, false, false]);
  }
});

test('a link tells its parent and its alias', () => {
  const [made] = parseMessages(addVlan('out0.10', 3, 10).text(20, 'minke').finish(1));
  expect(made && parseLink(made)).toMatchObject({ name: 'out0.10', parent: 3, kind: 'vlan', alias: 'minke' });
});
