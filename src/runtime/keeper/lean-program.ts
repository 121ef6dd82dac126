const LIBRARY = 'libsystemd.so.0';
const PREFIX = 'sd_';
/** Spec: elf(5), and the LSB's symbol versioning. */
const SECTION = {
  strings: 3,
  dynamic: 6,
  dynamicSymbols: 11,
  versionNeeds: 0x6ffffffe,
  versions: 0x6fffffff,
};
const TAG = { null: 0n, needed: 1n, debug: 21n, versionNeeds: 0x6ffffffen, versionNeedsCount: 0x6fffffffn };
const WEAK = 2;
const GLOBAL_VERSION = 1;

interface Section {
  type: number;
  offset: number;
  size: number;
  link: number;
}

/**
 * A dynamically linked program without its need for libsystemd, which brings five more libraries with it: loading them
 * is 40 % of what it takes to run `crun --version`. The functions stay undefined, so it is for who knows that none of
 * them is called: crun has them for systemd's cgroup driver, for `--log=journald` and for `NOTIFY_SOCKET`. Undefined
 * where the program is not of the one shape that this understands.
 */
export function withoutSystemd(program: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(program);
  try {
    return cut(bytes) ? bytes : undefined;
  } catch {
    // Outside of the buffer.
    return undefined;
  }
}

function cut(bytes: Buffer): boolean {
  // 64 bits, little endian.
  if (bytes.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return false;
  const sections = sectionsOf(bytes);
  const one = (type: number) => sections.find((section) => section.type === type);
  const dynamic = one(SECTION.dynamic);
  const symbols = one(SECTION.dynamicSymbols);
  const needs = one(SECTION.versionNeeds);
  const versions = one(SECTION.versions);
  const strings = symbols && sections[symbols.link];
  if (!(dynamic && symbols && needs && versions && strings?.type === SECTION.strings)) return false;
  const name = (at: number) => {
    const start = strings.offset + at;
    return bytes.toString('latin1', start, bytes.indexOf(0, start));
  };
  const removed = removeVersions(bytes, needs, name);
  return (
    removed !== undefined &&
    weaken(bytes, symbols, versions, removed.versions, name) &&
    removeNeed(bytes, dynamic, removed.ahead, name)
  );
}

function sectionsOf(bytes: Buffer): Section[] {
  const start = Number(bytes.readBigUInt64LE(0x28));
  const size = bytes.readUInt16LE(0x3a);
  return Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, index) => {
    const at = start + index * size;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
    };
  });
}

/** Takes the library's entry out of the chain. `ahead`: how far the chain begins later than before. */
function removeVersions(
  bytes: Buffer,
  { offset, size }: Section,
  name: (at: number) => string,
): { versions: Set<number>; ahead: number } | undefined {
  let before: number | undefined;
  for (let at = offset; at < offset + size; ) {
    const next = bytes.readUInt32LE(at + 12);
    if (name(bytes.readUInt32LE(at + 4)) === LIBRARY) {
      const versions = new Set<number>();
      let entry = at + bytes.readUInt32LE(at + 8);
      for (let left = bytes.readUInt16LE(at + 2); left > 0; left--) {
        versions.add(bytes.readUInt16LE(entry + 6));
        entry += bytes.readUInt32LE(entry + 12);
      }
      if (before === undefined) return next === 0 ? undefined : { versions, ahead: next };
      bytes.writeUInt32LE(next === 0 ? 0 : at - before + next, before + 12);
      return { versions, ahead: 0 };
    }
    if (next === 0) return undefined;
    before = at;
    at += next;
  }
  return undefined;
}

/** Symbols of the library become such as may be missing. False if one of them is not of the functions we know. */
function weaken(
  bytes: Buffer,
  symbols: Section,
  versions: Section,
  removed: ReadonlySet<number>,
  name: (at: number) => string,
): boolean {
  for (let index = 0; index < symbols.size / 24; index++) {
    const version = versions.offset + 2 * index;
    if (!removed.has(bytes.readUInt16LE(version) & 0x7fff)) continue;
    const at = symbols.offset + 24 * index;
    const isDefined = bytes.readUInt16LE(at + 6) !== 0;
    if (isDefined || !name(bytes.readUInt32LE(at)).startsWith(PREFIX)) return false;
    bytes.writeUInt8((WEAK << 4) | (bytes.readUInt8(at + 4) & 15), at + 4);
    bytes.writeUInt16LE(GLOBAL_VERSION, version);
  }
  return true;
}

function removeNeed(bytes: Buffer, dynamic: Section, ahead: number, name: (at: number) => string): boolean {
  let found = false;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = bytes.readBigInt64LE(at);
    const value = bytes.readBigUInt64LE(at + 8);
    if (tag === TAG.null) break;
    if (tag === TAG.needed && name(Number(value)) === LIBRARY) {
      found = true;
      // Ignored by the loader in all but an executable's own place for it, which it only writes to.
      bytes.writeBigInt64LE(TAG.debug, at);
      bytes.writeBigUInt64LE(0n, at + 8);
    } else if (tag === TAG.versionNeeds) bytes.writeBigUInt64LE(value + BigInt(ahead), at + 8);
    else if (tag === TAG.versionNeedsCount) bytes.writeBigUInt64LE(value - 1n, at + 8);
  }
  return found;
}
