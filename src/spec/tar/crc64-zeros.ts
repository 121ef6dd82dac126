/**
 * The state of a CRC-64 (see `Crc64`) after `length` zeros, in time that grows with the number of the length's bits
 * only. One more zero byte is a multiplication by x⁸ modulo the polynomial, so `length` of them are one by x^(8·length).
 */
export function crc64Zeros(state: bigint, length: number): bigint {
  let [high, low] = halves(state);
  for (let bit = 0, left = length; left > 0; bit++, left = Math.floor(left / 2)) {
    if (left % 2 === 0) continue;
    const [powerHigh, powerLow] = power(bit);
    [high, low] = multiply(high, low, powerHigh, powerLow);
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

type Halves = [high: number, low: number];

/** x^(8·2^bit); bit 63 of a polynomial is x⁰. */
const powers: Halves[] = [[1 << 23, 0]];

function power(bit: number): Halves {
  const known = powers[bit];
  if (known) return known;
  const [high, low] = power(bit - 1);
  const square = multiply(high, low, high, low);
  powers[bit] = square;
  return square;
}

/** x⁴+x³+x+1, what x⁶⁴ is. */
const REDUCTION = 0xd8000000 | 0;

/** The product modulo the polynomial, of halves of 32 bits: BigInt takes fifty times as long. */
function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): Halves {
  let [high, low, factorHigh, factorLow] = [0, 0, aHigh, aLow];
  for (let bit = 0; bit < 64; bit++) {
    const word = bit < 32 ? bHigh : bLow;
    if ((word >>> (31 - (bit & 31))) & 1) {
      high ^= factorHigh;
      low ^= factorLow;
    }
    const carry = factorLow & 1;
    factorLow = (factorLow >>> 1) | (factorHigh << 31);
    factorHigh = (factorHigh >>> 1) ^ (carry ? REDUCTION : 0);
  }
  return [high, low];
}

function halves(value: bigint): Halves {
  const bits = BigInt.asUintN(64, value);
  return [Number(bits >> 32n) | 0, Number(bits & 0xffff_ffffn) | 0];
}
