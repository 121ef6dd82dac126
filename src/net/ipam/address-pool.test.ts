import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { NetworkId } from '../../base/mod.ts';
import { AddressPool } from './address-pool.ts';
import { macOfAddress } from './mac.ts';

const network = (change: object = {}) => ({
  id: 'n' as NetworkId,
  name: 'lan',
  subnet: '10.1.2.0/29',
  gateway: '10.1.2.1',
  ...change,
});

describe('AddressPool', () => {
  test('gives the lowest free address and says so when there is none', () => {
    const pool = new AddressPool();
    const given = [1, 2, 3, 4, 5].map((owner) => pool.allocate(network(), String(owner)));
    expect(given).toEqual(['10.1.2.2', '10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6']);
    expect(() => pool.allocate(network(), '6')).toThrow(
      "no available IPv4 addresses on this network's address pools: lan (n)",
    );
    pool.release('n', '10.1.2.4', 'somebody else');
    expect(() => pool.allocate(network(), '6')).toThrow('no available');
    pool.release('n', '10.1.2.4', '3');
    expect(pool.allocate(network(), '6')).toBe('10.1.2.4');
  });

  test('keeps to the range, and away from what is reserved, taken or outside', () => {
    const pool = new AddressPool();
    const ranged = network({ ipRange: '10.1.2.4/30', reserved: ['10.1.2.4'] });
    pool.adopt('n', '10.1.2.5', 'before');
    expect(pool.allocate(ranged, 'a')).toBe('10.1.2.6');
    expect(() => pool.allocate(ranged, 'b')).toThrow('no available');
    expect(pool.allocate(ranged, 'b', '10.1.2.2')).toBe('10.1.2.2');
    for (const taken of ['10.1.2.0', '10.1.2.1', '10.1.2.2', '10.1.2.4', '10.1.2.5', '10.1.2.7']) {
      expect(() => pool.allocate(ranged, 'c', taken)).toThrow('Address already in use');
    }
    expect(() => pool.allocate(ranged, 'c', '10.1.3.2')).toThrow(
      'no configured subnet contains IP address 10.1.3.2',
    );
  });

  test('gives IPv6 addresses likewise, beside those of IPv4, in one spelling', () => {
    const pool = new AddressPool();
    const six = network({ subnet: 'fd00::/64', gateway: 'fd00::1', reserved: ['fd00::0:3'] });
    expect([1, 2, 3].map((owner) => pool.allocate(six, String(owner)))).toEqual([
      'fd00::2',
      'fd00::4',
      'fd00::5',
    ]);
    expect(pool.allocate(network(), '1')).toBe('10.1.2.2');
    expect(pool.allocate(six, '4', 'FD00:0:0::00BE')).toBe('fd00::be');
    // The broadcast address of IPv4 has no like; the network's own address is the routers' anycast.
    expect(pool.allocate(six, '5', 'fd00::ffff:ffff:ffff:ffff')).toBe('fd00::ffff:ffff:ffff:ffff');
    for (const taken of ['fd00::', 'fd00::1', 'fd00::0002', 'fd00::3', 'fd00::be']) {
      expect(() => pool.allocate(six, '6', taken)).toThrow('Address already in use');
    }
    for (const outside of ['fd00:0:0:1::', '10.1.2.9', 'x']) {
      expect(() => pool.allocate(six, '6', outside)).toThrow('no configured subnet contains IP address');
    }
    pool.release('n', 'fd00:0::2', '1');
    expect(pool.allocate(six, '6')).toBe('fd00::2');
    const tiny = network({ subnet: 'fd00::/126', gateway: 'fd00::1' });
    pool.clear();
    expect([pool.allocate(tiny, '1'), pool.allocate(tiny, '2')]).toEqual(['fd00::2', 'fd00::3']);
    expect(() => pool.allocate(tiny, '3')).toThrow(
      "no available IPv6 addresses on this network's address pools: lan (n)",
    );
  });

  test('never gives an address twice, and always the lowest', () => {
    const step = fc.oneof(fc.constant('take' as const), fc.nat(30));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const pool = new AddressPool();
        const lan = network({ subnet: '10.1.2.0/27' });
        const held = new Map<string, string>();
        for (const [index, each] of steps.entries()) {
          if (each === 'take' && held.size < 29) {
            const address = pool.allocate(lan, String(index));
            expect(held.has(address)).toBe(false);
            const lowest = Array.from({ length: 29 }, (_, n) => `10.1.2.${n + 2}`).find((a) => !held.has(a));
            expect(address).toBe(lowest ?? '');
            held.set(address, String(index));
          } else if (typeof each === 'number') {
            const address = `10.1.2.${each}`;
            pool.release('n', address, held.get(address) ?? '?');
            held.delete(address);
          }
        }
      }),
    );
  });

  test('a hardware address is made of the address', () => {
    expect(macOfAddress('172.17.0.10')).toBe('02:42:ac:11:00:0a');
    expect(macOfAddress('fd00::2:fe')).toBe('02:42:00:02:00:fe');
    expect(macOfAddress('fd00::1:0:2:fe')).not.toBe('02:42:00:02:00:fe');
  });
});
