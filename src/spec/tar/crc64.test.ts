import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { CRC64_START, Crc64, crc64Digest } from './crc64.ts';

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
});
