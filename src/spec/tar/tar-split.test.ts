import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ByteString } from './byte-string.ts';
import { decodeRecord, encodeFile, encodeSegment } from './tar-split.ts';

const name = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('latin1') as ByteString);

test('records come back as they were, whatever bytes a name has', () => {
  fc.assert(
    fc.property(name, fc.nat(), fc.uint8Array({ maxLength: 100 }), (file, size, bytes) => {
      const crc = size > 0 ? Buffer.alloc(8, 7) : undefined;
      const line = encodeFile({ name: file, size, crc }, 3);
      expect(line).toMatch(/^[\x20-\x7e]*\n$/);
      expect(decodeRecord(line)).toEqual({ type: 'file', name: file, size, crc });
      const segment = decodeRecord(encodeSegment(Buffer.from(bytes), 4));
      expect(segment.type === 'segment' && Buffer.from(segment.bytes).equals(Buffer.from(bytes))).toBe(true);
    }),
  );
});

test('records are as Go writes them', () => {
  const crc = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const ascii = 'etc/a' as ByteString;
  expect(encodeFile({ name: ascii, size: 5, crc }, 1)).toBe(
    '{"type":1,"name":"etc/a","size":5,"payload":"AQIDBAUGBwg=","position":1}\n',
  );
  expect(encodeFile({ name: ascii, size: 0, crc: undefined }, 2)).toBe(
    '{"type":1,"name":"etc/a","payload":null,"position":2}\n',
  );
  expect(encodeFile({ name: '\xff' as ByteString, size: 0, crc: undefined }, 2)).toContain(
    '"name_raw":"/w=="',
  );
  expect(encodeSegment(Buffer.from('ab'), 0)).toBe('{"type":2,"payload":"YWI=","position":0}\n');
});
