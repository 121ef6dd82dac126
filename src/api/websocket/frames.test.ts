import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { clientFrame } from '../testing/client-frame.ts';
import { type ClientFrame, FrameDecoder } from './frame-decoder.ts';
import { serverFrameHead } from './frame-encoder.ts';

function decode(...chunks: Uint8Array[]): ClientFrame[] {
  const decoder = new FrameDecoder();
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
}

function data(frames: ClientFrame[]): Buffer {
  return Buffer.concat(frames.filter(({ kind }) => kind === 'data').map(({ payload }) => payload));
}

describe('frames of a client', () => {
  test('give their bytes, however they were cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (all, cuts) => {
        const bytes = Buffer.concat(all.map((payload, n) => clientFrame(2, payload, { seed: n })));
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = cuts[n % cuts.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(data(decode(...chunks))).toEqual(Buffer.concat(all));
      }),
    );
  });

  test('of 16 and of 64 bits of length are read', () => {
    for (const length of [125, 126, 65535, 65536, 200_000]) {
      const payload = Buffer.alloc(length, 'x');
      expect(data(decode(clientFrame(1, payload))).equals(payload)).toBe(true);
    }
  });

  test('in the middle of a message may be of control', () => {
    const frames = decode(
      clientFrame(1, Buffer.from('on'), { final: false }),
      clientFrame(9, Buffer.from('ping')),
      clientFrame(0, Buffer.from('e')),
      clientFrame(8, Buffer.from([3, 0xe8])),
    );
    expect(frames.map(({ kind, payload }) => [kind, Buffer.from(payload).toString('latin1')])).toEqual([
      ['data', 'on'],
      ['ping', 'ping'],
      ['data', 'e'],
      ['close', '\x03è'],
    ]);
  });

  test.each([
    ['without a mask', Buffer.from([0x81, 0x02, 0x78, 0x0a])],
    ['with reserved bits', Buffer.from([0xf1, 0x80, 1, 2, 3, 4])],
    ['of an unknown kind', clientFrame(3, Buffer.from('x'))],
    ['of an unknown kind of control', clientFrame(11, Buffer.from('x'))],
    ['of control that is long', clientFrame(9, Buffer.alloc(126))],
    ['of control that is not final', clientFrame(8, Buffer.alloc(0), { final: false })],
    ['that goes on with nothing', clientFrame(0, Buffer.from('x'))],
    ['longer than any', Buffer.concat([Buffer.from([0x82, 0xff]), Buffer.alloc(12, 0xff)])],
  ])('%s are refused', (_what, bytes) => {
    expect(() => decode(bytes)).toThrow();
  });

  test('that are none end in an error of the protocol, not otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          expect((error as Error).name).toBe('WebSocketError');
        }
      }),
    );
  });
});

test('frames of the server have the shortest form of their length', () => {
  expect(serverFrameHead(2, 125)).toEqual(Buffer.from([0x82, 125]));
  expect(serverFrameHead(2, 126)).toEqual(Buffer.from([0x82, 126, 0, 126]));
  expect(serverFrameHead(1, 65536)).toEqual(Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]));
});
