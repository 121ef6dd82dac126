/**
 * CRC-64 with the polynomial of ISO 3309 (x⁶⁴+x⁴+x³+x+1, reflected), which tar-split keeps for each file, over memory
 * of a WebAssembly module: whoever fills `memory` anyway has nothing copied.
 *
 * Why not a table: the polynomial is so sparse that one step over eight bytes is a few shifts. With the message in `s`
 * (bit 63 is x⁰), s·x⁶⁴ ≡ s·(x⁴+x³+x+1) = f(s) with f(a) = a ^ a>>1 ^ a>>3 ^ a>>4, and what f shifts out is
 * o = s<<63 ^ s<<61 ^ s<<60, once more times x⁶⁴: f(o). Since f is linear, one step is f(s ^ o). A single byte shifts
 * eight bits out: s>>8 ^ f(s<<56). JavaScript's own 32-bit halves take five times as long.
 */
export class Crc64 {
  /** The window that `update` reads. */
  readonly window: Buffer;
  readonly #step: Step;

  constructor(pages: number) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()), { m: { m: memory } });
    this.window = Buffer.from(memory.buffer);
    this.#step = instance.exports['f'] as Step;
  }

  /** The state after `length` bytes of the window from `at` on. Begin with CRC64_START, end with `crc64Digest`. */
  update(state: bigint, at: number, length: number): bigint {
    return this.#step(at, length, state);
  }
}

type Step = (at: number, length: number, crc: bigint) => bigint;

export const CRC64_START = 0xffff_ffff_ffff_ffffn;

/** The checksum as tar-split writes it: eight bytes, big-endian. */
export function crc64Digest(state: bigint): Buffer {
  const digest = Buffer.alloc(8);
  digest.writeBigUInt64BE(BigInt.asUintN(64, ~state));
  return digest;
}

// Spec: WebAssembly core specification 1.0, chapter 5, "Binary Format".
const I32 = 0x7f;
const I64 = 0x7e;
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const i32 = (value: number) => [0x41, ...signed(value)];
const i64 = (value: number) => [0x42, ...signed(value)];
const XOR = 0x85;
const SHL = 0x86;
const SHR = 0x88;
const ADD32 = 0x6a;
const AND32 = 0x71;
const LESS32 = 0x49;

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return done ? [low] : [low | 0x80, ...signed(rest)];
}

/** (func (param $at i32) (param $length i32) (param $s i64) (result i64) (local $end i32) (local $t i64)) */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const [at, length, s, end, t] = [0, 1, 2, 3, 4] as const;
  const shifted = (local: number, shift: number, by: number) => [...get(local), ...i64(by), shift];
  const f = [...get(t), ...shifted(t, SHR, 1), XOR, ...shifted(t, SHR, 3), XOR, ...shifted(t, SHR, 4), XOR];
  const overflow = [...shifted(s, SHL, 63), ...shifted(s, SHL, 61), XOR, ...shifted(s, SHL, 60), XOR];
  const advance = (by: number) => [...get(at), ...i32(by), ADD32, ...set(at)];
  const load8 = [...get(at), 0x29, 0, 0];
  const load1 = [...get(at), 0x31, 0, 0];
  const whileBefore = (body: number[]) => [
    ...[0x02, 0x40, 0x03, 0x40],
    ...[...get(at), ...get(end), LESS32, 0x45, 0x0d, 1],
    ...body,
    ...[0x0c, 0, 0x0b, 0x0b],
  ];
  const words = [
    ...[...get(s), ...load8, XOR, ...set(s)],
    ...[...get(s), ...overflow, XOR, ...set(t)],
    ...[...f, ...set(s)],
    ...advance(8),
  ];
  const bytes = [
    ...[...get(s), ...load1, XOR, ...set(s)],
    ...[...shifted(s, SHL, 56), ...set(t)],
    ...[...shifted(s, SHR, 8), ...f, XOR, ...set(s)],
    ...advance(1),
  ];
  const code = [
    ...[2, 1, I32, 1, I64],
    ...[...get(at), ...get(length), ...i32(-8), AND32, ADD32, ...set(end)],
    ...whileBefore(words),
    ...[...get(end), ...get(length), ...i32(7), AND32, ADD32, ...set(end)],
    ...whileBefore(bytes),
    ...[...get(s), 0x0b],
  ];
  const size = (count: number) => (count < 128 ? [count] : [(count & 0x7f) | 0x80, count >> 7]);
  const sized = (content: number[]) => [...size(content.length), ...content];
  const section = (id: number, content: number[]) => [id, ...sized(content)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, I32, I64, 1, I64]),
    ...section(2, [1, 1, 0x6d, 1, 0x6d, 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0, 0]),
    ...section(10, [1, ...sized(code)]),
  ]);
}
