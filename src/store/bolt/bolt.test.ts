import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readBolt } from './read-bolt.ts';
import { writeBolt } from './write-bolt.ts';

const entries = (max: number) =>
  fc.uniqueArray(
    fc.record({
      key: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      value: fc.uint8Array({ maxLength: 9000 }).map((bytes) => Buffer.from(bytes)),
    }),
    { maxLength: max, selector: ({ key }) => key.toString('hex') },
  );

test('readBolt gives what writeBolt wrote, in the order of the keys', () => {
  fc.assert(
    fc.property(entries(60), (written) => {
      const read = readBolt(writeBolt('bucket', written), 'bucket');
      expect(read).toEqual([...written].sort((a, b) => Buffer.compare(a.key, b.key)));
    }),
    { numRuns: 50 },
  );
});

test('a bucket of many entries has branches, and is read whole', () => {
  const written = Array.from({ length: 20_000 }, (_, n) => ({
    key: Buffer.from(`key ${String(n).padStart(6, '0')}`),
    value: Buffer.from(`value ${n}`),
  }));
  expect(readBolt(writeBolt('b', written), 'b')).toEqual(written);
});

test('readBolt knows no other bucket, and nothing in an empty file', () => {
  expect(readBolt(writeBolt('b', []), 'other')).toBeUndefined();
  expect(readBolt(writeBolt('b', []), 'b')).toEqual([]);
  expect(readBolt(Buffer.alloc(0), 'b')).toBeUndefined();
});

test('readBolt takes the older meta page when the younger one is torn', () => {
  const file = writeBolt('b', [{ key: Buffer.from('k'), value: Buffer.from('v') }]);
  for (const torn of [0, 4096]) {
    const damaged = Buffer.from(file);
    damaged.fill(7, torn + 40, torn + 60);
    expect(readBolt(damaged, 'b')).toHaveLength(1);
  }
});

test('readBolt refuses a damaged file with a sentence, whatever is in it, and reads nothing beyond it', () => {
  const file = writeBolt(
    'b',
    Array.from({ length: 300 }, (_, n) => ({ key: Buffer.from(`k${n}`), value: Buffer.from('v') })),
  );
  const pages = file.length / 4096;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 3, max: pages - 1 }), fc.nat(200), fc.nat(255)), { maxLength: 8 }),
      fc.integer({ min: 3, max: pages }),
      (changes, kept) => {
        const damaged = Buffer.from(file.subarray(0, kept * 4096));
        for (const [page, offset, byte] of changes) {
          if (page < kept) damaged[page * 4096 + offset] = byte;
        }
        try {
          expect((readBolt(damaged, 'b') ?? []).length).toBeLessThan(damaged.length);
        } catch (error) {
          expect(String(error)).toContain('not a bolt file, or a damaged one');
        }
      },
    ),
    { numRuns: 500 },
  );
});
