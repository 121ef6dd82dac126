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
  });
});
