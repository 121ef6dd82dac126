import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { CRC64_START, Crc64, crc64Digest } from './crc64.ts';
import { crc64Zeros } from './crc64-zeros.ts';

/** Bit by bit, as the polynomial is written. */
function reference(bytes: Uint8Array): bigint {
  let crc = CRC64_START;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xd800000000000000n : crc >> 1n;
  }
  return BigInt.asUintN(64, ~crc);
}

describe('crc64', () => {
  const crc = new Crc64(1);

  test('gives the known check value of CRC-64/GO-ISO', () => {
    crc.window.write('123456789', 100);
    expect(crc64Digest(crc.update(CRC64_START, 100, 9)).toString('hex')).toBe('b90956c775a41001');
  });

  test('equals the definition, whole and in pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(64), (bytes, cut, at) => {
        crc.window.set(bytes, at);
        const first = Math.min(cut, bytes.length);
        const state = crc.update(CRC64_START, at, first);
        const digest = crc64Digest(crc.update(state, at + first, bytes.length - first));
        expect(digest.readBigUInt64BE()).toBe(reference(bytes));
      }),
    );
  });

  test('of zeros is the same without reading them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(60_000), (bytes, zeros) => {
        crc.window.fill(0);
        crc.window.set(bytes);
        const whole = crc.update(CRC64_START, 0, bytes.length + zeros);
        const short = crc64Zeros(crc.update(CRC64_START, 0, bytes.length), zeros);
        expect(crc64Digest(short)).toEqual(crc64Digest(whole));
      }),
    );
    // The sum over a number of zeros is that over its parts.
    const huge = crc64Zeros(crc64Zeros(CRC64_START, 2 ** 45 + 3), 2 ** 52 - 7);
    expect(crc64Zeros(CRC64_START, 2 ** 45 + 2 ** 52 - 4)).toBe(huge);
  });
});
