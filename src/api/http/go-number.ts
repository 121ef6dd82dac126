/** A number of a document as it is spelled there, where a double would not show it. */
export class GoNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** What the integer types of the engine's API hold. */
const RANGES = {
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint: [0n, 2n ** 64n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  uint16: [0n, 65_535n],
  'time.Duration': [-(2n ** 63n), 2n ** 63n - 1n],
  'os.FileMode': [0n, 2n ** 32n - 1n],
} as const;

/** The name of one of Go's integer types. */
export type GoInteger = keyof typeof RANGES;

/** More digits than any integer type has; BigInt of millions of digits takes seconds. */
const MAX_DIGITS = 21;

/**
 * The integer of Go's type `go` that `source` spells, or undefined where Go refuses it: out of range, or with a dot or an
 * exponent, even if what it says is whole. Beyond 2^53 it is the nearest double whose decimal form the type still holds,
 * for every Go client refuses an answer with a larger one.
 */
export function goInteger(source: string, go: GoInteger): number | undefined {
  if (source.length > MAX_DIGITS || !/^-?\d+$/.test(source)) return undefined;
  const [least, most]: readonly [bigint, bigint] = RANGES[go];
  const exact = BigInt(source);
  if (exact < least || exact > most) return undefined;
  const rounded = Number(exact);
  if (shown(rounded) > most) return below(Number(most));
  if (shown(rounded) < least) return -below(Number(-least));
  return rounded;
}

/** What JSON.stringify writes of an integer of at most 2^64. */
function shown(value: number): bigint {
  return BigInt(JSON.stringify(value));
}

/** The double below a power of two. */
function below(power: number): number {
  return power - power / 2 ** 53;
}
