import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  addressBytes,
  bitsOf,
  contains,
  formatAddress,
  formatPrefix,
  lastOf,
  overlap,
  type Prefix,
  parseAddress,
  parsePrefix,
} from './prefix.ts';

const address = fc.oneof(
  fc.nat(0xffffffff).map((value) => ({ family: 4 as const, value: BigInt(value) })),
  fc.bigInt(0n, (1n << 128n) - 1n).map((value) => ({ family: 6 as const, value })),
  // Runs of zeros, which the spelling is about.
  fc.array(fc.constantFrom(0, 0, 0, 1, 0xffff, 0xabc), { minLength: 8, maxLength: 8 }).map((groups) => ({
    family: 6 as const,
    value: groups.reduce((sum, each) => (sum << 16n) | BigInt(each), 0n),
  })),
);
const prefix = fc.tuple(address, fc.nat(128)).map(([{ family, value }, length]): Prefix => {
  const bits = Math.min(length, bitsOf(family));
  const host = BigInt(bitsOf(family) - bits);
  return { family, base: (value >> host) << host, length: bits };
});

describe('prefixes', () => {
  test('parsing and formatting are each other’s inverse', () => {
    fc.assert(
      fc.property(address, (each) => {
        expect(parseAddress(formatAddress(each))).toEqual(each);
      }),
    );
    fc.assert(
      fc.property(prefix, (each) => {
        expect(parsePrefix(formatPrefix(each))).toEqual({ ...each, address: each.base });
      }),
    );
  });

  test('IPv6 is spelled as RFC 5952 says, and as URLs do', () => {
    for (const [text, canonical] of [
      ['FD00:0:0:0:0:0:0:1', 'fd00::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['::1', '::1'],
      ['1::', '1::'],
      ['0:0:0:0:0:ffff:1.2.3.4', '::ffff:1.2.3.4'],
      ['1.2.3.4', '1.2.3.4'],
      ['01.2.3.4', undefined],
      ['fe80::1%eth0', undefined],
    ] as const) {
      const address = parseAddress(text);
      expect([text, address && formatAddress(address)]).toEqual([text, canonical]);
    }
    fc.assert(
      fc.property(address, (each) => {
        if (each.family === 4 || each.value >> 32n === 0xffffn) return;
        expect(new URL(`http://[${formatAddress(each)}]`).hostname).toBe(`[${formatAddress(each)}]`);
      }),
    );
  });

  test('parsePrefix masks host bits and refuses other things', () => {
    expect(parsePrefix('fd00::5/64')).toEqual({
      family: 6,
      base: 0xfd00n << 112n,
      length: 64,
      address: (0xfd00n << 112n) + 5n,
    });
    for (const bad of [
      'fd00::/129',
      '10.0.0.0/33',
      'fd00::',
      '/64',
      'fd00::/',
      'fd00::/064',
      '::1/64/3',
      '1/8',
      '',
    ]) {
      expect([bad, parsePrefix(bad)]).toEqual([bad, undefined]);
    }
  });

  test('addressBytes gives what parseAddress gives', () => {
    fc.assert(
      fc.property(address, (each) => {
        const hex = addressBytes(formatAddress(each))?.toString('hex');
        expect(hex).toBe(each.value.toString(16).padStart(each.family === 4 ? 8 : 32, '0'));
      }),
    );
    expect(addressBytes('x')).toBeUndefined();
  });

  test('two overlap exactly where one holds an end of the other', () => {
    fc.assert(
      fc.property(prefix, prefix, (a, b) => {
        const holds = (one: Prefix, other: Prefix) =>
          contains(one, { family: other.family, value: other.base });
        expect(overlap(a, b)).toBe(holds(a, b) || holds(b, a));
        expect(contains(a, { family: a.family, value: lastOf(a) })).toBe(true);
      }),
    );
  });
});
