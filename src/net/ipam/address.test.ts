import { describe, expect, test } from 'bun:test';
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { formatIpv4, parseIpv4, parseIpv6, parseSubnet, subnetContains } from './address.ts';

describe('addresses', () => {
  test('parseIpv4 and formatIpv4 are each other’s inverse', () => {
    fc.assert(fc.property(fc.nat(0xffffffff), (value) => parseIpv4(formatIpv4(value)) === value));
  });

  test('parsers accept what Node accepts', () => {
    const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/));
    fc.assert(
      fc.property(text, (each) => {
        expect(parseIpv4(each) !== undefined).toBe(isIPv4(each));
        if (!each.includes('%')) expect([each, parseIpv6(each) !== undefined]).toEqual([each, isIPv6(each)]);
      }),
      { numRuns: 3000 },
    );
  });

  test('parseIpv6 gives the bytes', () => {
    expect(parseIpv6('::1')?.toString('hex')).toBe('00000000000000000000000000000001');
    expect(parseIpv6('fe80::1:2')?.toString('hex')).toBe('fe800000000000000000000000010002');
    expect(parseIpv6('0.0.0.0::0')).toBeUndefined();
    expect(parseIpv6('::ffff:1.2.3.4')?.toString('hex')).toBe('00000000000000000000ffff01020304');
  });

  test('parseSubnet masks host bits and refuses other things', () => {
    expect(parseSubnet('172.17.3.4/16')).toEqual({ base: 0xac110000, prefixLength: 16, size: 65536 });
    for (const bad of [
      '172.17.0.0',
      '172.17.0.0/33',
      '172.17.0.0/',
      '/8',
      '1.2.3/8',
      '1.2.3.4/8/9',
      'a/8',
      '1.2.3.4/08',
    ])
      expect([bad, parseSubnet(bad)]).toEqual([bad, undefined]);
    const subnet = parseSubnet('10.0.0.0/8');
    expect(subnet && subnetContains(subnet, 0x0affffff)).toBe(true);
    expect(subnet && subnetContains(subnet, 0x0b000000)).toBe(false);
  });
});
