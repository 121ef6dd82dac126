import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ChunkedReader } from './chunked.ts';

function encode(chunks: readonly Uint8Array[], trailer = ''): Buffer {
  const parts = chunks
    .filter(({ length }) => length > 0)
    .flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)};x=y\r\n`), chunk, Buffer.from('\r\n')]);
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

/** Reads `raw` in pieces of the given sizes, with a new reader for each, as when the socket changes hands. */
function decode(raw: Buffer, sizes: readonly number[], max: number): { content: Buffer; rest: Buffer } {
  let reader = new ChunkedReader();
  const content: Buffer[] = [];
  let at = 0;
  for (let n = 0; at < raw.length && !reader.ended; n++) {
    const piece = raw.subarray(at, at + (sizes[n % sizes.length] ?? 1));
    let read = 0;
    while (read < piece.length && !reader.ended) {
      read = reader.advance(piece, read, max);
      content.push(piece.subarray(reader.from, reader.to));
      reader = new ChunkedReader(reader.state);
    }
    at += read;
  }
  expect(reader.ended).toBe(true);
  return { content: Buffer.concat(content), rest: raw.subarray(at) };
}

test('a chunked body is its content, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 })),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      fc.constantFrom('', 'X: y\r\nZ: 1\r\n'),
      (chunks, sizes, max, trailer) => {
        const after = Buffer.from('GET / HTTP/1.1');
        const raw = Buffer.concat([encode(chunks, trailer), after]);
        const { content, rest } = decode(raw, sizes, max);
        expect(content.equals(Buffer.concat(chunks))).toBe(true);
        expect(rest.equals(after)).toBe(true);
      },
    ),
  );
});

test('what is no chunked body is refused', () => {
  for (const text of [
    'x\r\n',
    '-1\r\n',
    '1\r\nab\r\n',
    ' 1\r\n',
    `${'0'.repeat(20_000)}`,
    '1ffffffffffff\r\n',
  ]) {
    const bytes = Buffer.from(text);
    const reader = new ChunkedReader();
    const read = () => {
      for (let at = 0; at < bytes.length && !reader.ended; ) at = reader.advance(bytes, at, 1000);
    };
    expect(read).toThrow(SyntaxError);
  }
});
