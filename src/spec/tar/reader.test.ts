import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type ByteString, toByteString } from './byte-string.ts';
import { END_OF_ARCHIVE, encodeHeader, padding } from './encode.ts';
import { TarError } from './entry.ts';
import { parseTime } from './pax.ts';
import { readArchive as read } from './testing/read-archive.ts';

const byteName = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 ? 1 : byte))).toString('latin1') as ByteString);

const member = fc.record({
  name: byteName,
  uid: fc.nat(2 ** 31 - 1),
  gid: fc.nat(2 ** 31 - 1),
  mode: fc.nat(0o7777),
  mtime: fc.record({
    seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    nanoseconds: fc.nat(999_999_999),
  }),
  xattrs: fc.array(fc.record({ name: fc.constant('user.a' as ByteString), value: byteName }), {
    maxLength: 1,
  }),
  content: fc.uint8Array({ maxLength: 1200 }),
});

describe('TarReader', () => {
  test('reads back what the encoder wrote, however it is cut, and hears every byte once', () => {
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 4 }),
        fc.array(fc.nat(20_000), { maxLength: 6 }),
        (members, cuts) => {
          const archive = Buffer.concat([
            ...members.flatMap(({ content, ...entry }) => [
              encodeHeader({ ...entry, type: '0', size: content.length }),
              content,
              padding(content.length),
            ]),
            END_OF_ARCHIVE,
          ]);
          const { entries, all } = read(archive, cuts);
          expect(all.equals(archive)).toBe(true);
          expect(entries.length).toBe(members.length);
          for (const [index, { content, ...wanted }] of members.entries()) {
            expect(entries[index]?.entry).toMatchObject(wanted);
            expect(entries[index]?.content.equals(Buffer.from(content))).toBe(true);
          }
        },
      ),
    );
  });

  test('answers garbage with a TarError or nothing, and stays in its bounds', () => {
    const archive = Buffer.concat([
      encodeHeader({ name: toByteString('a'), size: 3 }),
      Buffer.from('abc'),
      padding(3),
    ]);
    fc.assert(
      fc.property(fc.nat(511), fc.nat(255), fc.boolean(), (at, byte, fixSum) => {
        const broken = Buffer.from(archive);
        broken[at] = byte;
        if (fixSum) {
          broken.write('        ', 148, 'latin1');
          const sum = broken.subarray(0, 512).reduce((total, value) => total + value, 0);
          broken.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
        }
        try {
          read(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(TarError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('reads numbers in base 256', () => {
    const block = Buffer.from(encodeHeader({ name: toByteString('a') }));
    block.fill(0, 124, 136);
    block[124] = 0x80;
    block.writeUIntBE(5, 130, 6);
    block.fill(0xff, 136, 148);
    block[147] = 0xfe;
    block.write('        ', 148, 'latin1');
    const sum = block.reduce((total, value) => total + value, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const [first] = read(Buffer.concat([block, Buffer.from('12345'), padding(5)])).entries;
    expect(first?.entry.size).toBe(5);
    expect(first?.entry.mtime.seconds).toBe(-2);
  });

  test('takes GNU long names and links', () => {
    const long = toByteString(`${'d/'.repeat(100)}name`);
    const header = (type: string) =>
      Buffer.concat([
        encodeHeader({ name: toByteString('././@LongLink'), type, size: long.length + 1 }),
        Buffer.from(`${long}\0`, 'latin1'),
        padding(long.length + 1),
      ]);
    const archive = Buffer.concat([
      header('L'),
      header('K'),
      encodeHeader({ name: toByteString('short'), type: '2' }),
    ]);
    expect(read(archive).entries[0]?.entry).toMatchObject({ name: long, linkName: long, type: '2' });
  });

  test('believes the size of a pax record, and ignores that of a link', () => {
    const data = Buffer.from('10 size=4\n');
    const archive = Buffer.concat([
      encodeHeader({ name: toByteString('x'), type: 'x', size: data.length }),
      data,
      padding(data.length),
      encodeHeader({ name: toByteString('a'), size: 0 }),
      Buffer.from('abcd'),
      padding(4),
      encodeHeader({ name: toByteString('l'), type: '1', size: 77 }),
      encodeHeader({ name: toByteString('b') }),
    ]);
    const { entries } = read(archive);
    expect(entries.map(({ content }) => content.toString())).toEqual(['abcd', '', '']);
  });

  test('an archive that ends in the middle of anything is an unexpected EOF', () => {
    const archive = Buffer.concat([
      encodeHeader({ name: toByteString('a'), size: 600 }),
      Buffer.alloc(600),
      padding(600),
    ]);
    for (const length of [1, 511, 512, 700, 1111, 1200]) {
      expect(() => read(archive.subarray(0, length))).toThrow('unexpected EOF');
    }
    expect(read(archive).entries.length).toBe(1);
    expect(read(Buffer.alloc(0)).entries).toEqual([]);
  });

  test('one zero block and then a header is no archive; what follows two is kept', () => {
    const header = encodeHeader({ name: toByteString('a') });
    expect(() => read(Buffer.concat([Buffer.alloc(512), header]))).toThrow(TarError);
    const archive = Buffer.concat([header, END_OF_ARCHIVE, Buffer.from('what tape drives leave')]);
    expect(read(archive).all.equals(archive)).toBe(true);
  });

  test('an extended header of more than a megabyte is refused before it is read', () => {
    expect(() => read(encodeHeader({ name: toByteString('x'), type: 'x', size: 2 << 20 }))).toThrow(TarError);
  });
});

test('parseTime takes fractions of any length and negative times', () => {
  expect(parseTime('1.5')).toEqual({ seconds: 1, nanoseconds: 500_000_000 });
  expect(parseTime('-1.25')).toEqual({ seconds: -2, nanoseconds: 750_000_000 });
  expect(parseTime('-3')).toEqual({ seconds: -3, nanoseconds: 0 });
  expect(parseTime('7.1234567891234')).toEqual({ seconds: 7, nanoseconds: 123_456_789 });
  for (const bad of ['', 'x', '1.x', '1e5', '--1', '.5']) expect(() => parseTime(bad)).toThrow(TarError);
});
