import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { overlap, parsePrefix } from './prefix.ts';
import { nextSubnet, subnetPools } from './subnet-pools.ts';

const must = (text: string) => parsePrefix(text) ?? expect.unreachable(text);

describe('subnet pools', () => {
  test('give Docker’s networks first, and then ours', () => {
    const pools = subnetPools([], 'id');
    const taken: string[] = [];
    for (let count = 0; count < 600; count++) taken.push(nextSubnet(pools, 4, taken));
    expect(taken.slice(0, 3)).toEqual(['172.17.0.0/16', '172.18.0.0/16', '172.19.0.0/16']);
    expect(taken.slice(14, 17)).toEqual(['172.31.0.0/16', '192.168.0.0/20', '192.168.16.0/20']);
    expect(taken.slice(30, 33)).toEqual(['192.168.240.0/20', '10.128.0.0/24', '10.128.1.0/24']);
    expect(new Set(taken).size).toBe(600);
  });

  test('keep away from what is taken, however it lies', () => {
    const pools = subnetPools([{ base: '10.0.0.0/28', size: 30 }], 'id');
    expect(nextSubnet(pools, 4, ['10.0.0.0/32', '10.0.0.6/32'])).toBe('10.0.0.8/30');
    expect(nextSubnet(pools, 4, ['10.0.0.5/32', '10.0.0.8/29'])).toBe('10.0.0.0/30');
    const none = 'all predefined address pools have been fully subnetted';
    expect(() => nextSubnet(pools, 4, ['0.0.0.0/1'])).toThrow(none);
    expect(() => nextSubnet(pools, 4, ['10.0.0.0/29', '10.0.0.8/30', '10.0.0.12/30'])).toThrow(none);
  });

  test('of a configuration are used in order of address, without those within others', () => {
    const settings = [
      { base: '10.9.0.0/16', size: 24 },
      { base: '10.1.2.3/24', size: 25 },
      { base: '10.1.2.128/25', size: 25 },
      { base: 'fd12::/16', size: 64 },
    ];
    const pools = subnetPools(settings, 'id');
    const taken: string[] = [];
    for (let count = 0; count < 4; count++) taken.push(nextSubnet(pools, 4, taken));
    expect(taken).toEqual(['10.1.2.0/25', '10.1.2.128/25', '10.9.0.0/24', '10.9.1.0/24']);
    expect(nextSubnet(pools, 6, ['fd12::/63'])).toBe('fd12:0:0:2::/64');
  });

  test('of IPv6 are the daemon’s own unique local addresses, those that Docker makes of the same id', () => {
    expect(nextSubnet(subnetPools([], ''), 6, [])).toBe('fd42:98fc:1c14::/64');
    const pools = subnetPools([{ base: '10.0.0.0/8', size: 24 }], '499d4bc0-b0b3-416f-b1ee-cf6486315593');
    expect(nextSubnet(pools, 6, ['fd62:fb69:18af::/64'])).toBe('fd62:fb69:18af:1::/64');
  });

  test('that make no sense are refused', () => {
    for (const [base, size, why] of [
      ['10.0.0.0/8', 0, 'network at index 0 ({10.0.0.0/8 0}) is not in canonical form'],
      ['10.0.0.0', 24, 'network at index 0 ({10.0.0.0 24}) is not in canonical form'],
      ['10.0.0.0/24', 16, 'has a smaller prefix (/24) than the target size of that pool (/16)'],
      ['10.0.0.0/24', 33, 'invalid pools size: 33'],
    ] as const) {
      expect(() => subnetPools([{ base, size }], 'id')).toThrow(why);
    }
  });

  test('never give what overlaps, and give something as long as there is a gap', () => {
    const cidr = fc
      .tuple(fc.nat(255), fc.integer({ min: 20, max: 32 }))
      .map(([octet, length]) => `10.7.${octet >> 4}.${octet}/${length}`);
    fc.assert(
      fc.property(fc.array(cidr, { maxLength: 20 }), fc.integer({ min: 20, max: 30 }), (taken, size) => {
        const pools = subnetPools([{ base: '10.7.0.0/20', size }], 'id');
        const free = Array.from({ length: 2 ** (size - 20) }, (_, index) => {
          const base = (0x0a070000n + BigInt(index * 2 ** (32 - size))) as bigint;
          return { family: 4 as const, base, length: size };
        }).filter((one) => !taken.some((text) => overlap(one, must(text))));
        if (free.length === 0) {
          expect(() => nextSubnet(pools, 4, taken)).toThrow('fully subnetted');
        } else {
          expect(must(nextSubnet(pools, 4, taken)).base).toBe(free[0]?.base ?? -1n);
        }
      }),
    );
  });
});
