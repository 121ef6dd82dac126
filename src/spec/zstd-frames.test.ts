import { expect, test } from 'bun:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { ZstdFrames } from './zstd-frames.ts';

const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

function isComplete(bytes: Uint8Array, step: number): boolean {
  const frames = new ZstdFrames();
  for (let at = 0; at < bytes.length; at += step) frames.push(bytes.subarray(at, at + step));
  return frames.isComplete;
}

test('a stream is complete after each of its frames and nowhere else', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.nat(300_000).map((length) => Buffer.alloc(length, 'ab')),
  );
  const frame = fc.oneof(
    content.map((bytes) => zstdCompressSync(bytes)),
    fc.constant(skippable),
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 3 }), fc.integer({ min: 1, max: 50 }), (frames, step) => {
      const stream = Buffer.concat(frames);
      const ends = new Set([0]);
      for (const { length } of frames) ends.add(Math.max(...ends) + length);
      for (let cut = 0; cut <= stream.length; cut += 1 + Math.floor(stream.length / 40)) {
        expect(isComplete(stream.subarray(0, cut), step)).toBe(ends.has(cut));
      }
      expect(isComplete(stream, step)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('checksums, sizes and dictionaries in the header are passed over', () => {
  const block = [0x01, 0x00, 0x00];
  // Descriptor: checksum (4), dictionary id of one byte (1), no single segment: window byte.
  const withChecksum = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x05, 0x50, 0x07, ...block, 1, 2, 3, 4]);
  expect(isComplete(withChecksum, 1)).toBe(true);
  expect(isComplete(withChecksum.subarray(0, -1), 1)).toBe(false);
});

test('what is no frame is an error, and garbage never loops', () => {
  expect(() => isComplete(Buffer.from('garbage after a frame'), 5)).toThrow('magic number mismatch');
  const frame = zstdCompressSync(Buffer.alloc(1000, 'x'));
  expect(() => isComplete(Buffer.concat([frame, Buffer.from('tail')]), 7)).toThrow('magic');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 9 }), (bytes, step) => {
      try {
        isComplete(Buffer.concat([frame.subarray(0, 6), bytes]), step);
      } catch (error) {
        expect(String(error)).toContain('invalid input');
      }
    }),
  );
});
