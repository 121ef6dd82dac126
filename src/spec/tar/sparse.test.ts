import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { TarError } from './entry.ts';
import { checkFragments, type Fragment } from './sparse.ts';
import { readArchive } from './testing/read-archive.ts';

const LONG = `${'long/'.repeat(30)}name`;
const FILES: Record<string, { size: number; data: [at: number, text: string][] }> = {
  begins: { size: 200_000, data: [[0, 'begin']] },
  middle: { size: 1_000_000, data: [[400_000, 'middle'.repeat(3000)]] },
  ends: { size: 100_000, data: [[99_997, 'end']] },
  nothing: { size: 3_000_000, data: [] },
  odd: { size: 100_001, data: [[50_000, 'odd']] },
  many: {
    size: 60 * 16_384,
    data: Array.from({ length: 60 }, (_, i) => [i * 16_384, `piece ${i}`] as [number, string]),
  },
  [LONG]: { size: 70_000, data: [[65_536, 'deep']] },
};
const FORMATS = {
  'old GNU': ['--format=gnu'],
  'PAX 0.0': ['--format=posix', '--sparse-version=0.0'],
  'PAX 0.1': ['--format=posix', '--sparse-version=0.1'],
  'PAX 1.0': ['--format=posix', '--sparse-version=1.0'],
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sparse-'));
  execFileSync('mkdir', ['-p', join(folder, LONG, '..')]);
  for (const [name, { size, data }] of Object.entries(FILES)) {
    const fd = openSync(join(folder, name), 'w');
    ftruncateSync(fd, size);
    for (const [at, text] of data) writeSync(fd, text, at);
    closeSync(fd);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What GNU tar makes of the files. */
function archive(flags: readonly string[]): Buffer {
  const all = ['-C', folder, '--sparse', '--hole-detection=raw', ...flags, '-cf', '-', ...Object.keys(FILES)];
  return execFileSync('tar', all, { maxBuffer: 1 << 24 });
}

describe.each(Object.entries(FORMATS))('sparse members in the format %s of GNU tar', (_format, flags) => {
  test('are read with their names, sizes and holes, however the archive is cut', () => {
    const bytes = archive(flags);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
        const { entries, all } = readArchive(bytes, cuts);
        expect(all.equals(bytes)).toBe(true);
        expect(entries.map(({ entry }) => String(entry.name))).toEqual(Object.keys(FILES));
        for (const { entry, content } of entries) {
          expect(entry.type).toBe('0');
          expect(entry.size).toBe(FILES[entry.name]?.size ?? -1);
          expect(entry.fragments?.length).toBeGreaterThanOrEqual(0);
          expect(content.equals(readFileSync(join(folder, entry.name)))).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('whose bytes are altered are read or refused, and never give more than their size', () => {
    const bytes = archive(flags);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const altered = Buffer.from(bytes);
        for (const [at, byte] of changes) altered[at] = byte;
        for (const { entry, content } of tryRead(altered)) expect(content.length).toBe(entry.size);
      }),
    );
  });
});

function tryRead(bytes: Buffer) {
  try {
    return readArchive(bytes).entries;
  } catch (error) {
    expect(error).toBeInstanceOf(TarError);
    return [];
  }
}

test.each([
  ['pieces that overlap', [0, 10, 5, 10], 100, 20],
  ['pieces out of order', [50, 10, 0, 10], 100, 20],
  ['a piece beyond the end', [95, 10], 100, 10],
  ['fewer bytes than pieces', [0, 10], 100, 9],
  ['more bytes than pieces', [0, 10], 100, 11],
  ['numbers beyond all', [Number.MAX_SAFE_INTEGER, 1], Number.MAX_SAFE_INTEGER, 1],
])('a map with %s is refused', (_what, numbers, size, stored) => {
  const fragments: Fragment[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    fragments.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  }
  expect(() => checkFragments(fragments, size, stored)).toThrow(TarError);
});
