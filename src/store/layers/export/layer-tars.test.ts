import { describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ByteString } from '../../../spec/tar/mod.ts';
import { encodeHeader, padding, toByteString } from '../../../spec/tar/mod.ts';
import { add, blobOf, type Member, pieces, type TestStore, tarOf, testStore } from '../../testing.ts';
import type { Layer } from '../layer-store.ts';

async function addTar(at: TestStore, tar: Buffer): Promise<Layer> {
  const { blob, ...known } = blobOf(tar);
  return await at.store.layers.commit(
    await at.store.layers.stage({ ...known, source: pieces(blob) }),
    undefined,
  );
}

async function tarOfLayer(at: TestStore, { chainId }: Layer): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of at.store.layers.tars.read(chainId)) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

async function gzipOfLayer(at: TestStore, { chainId }: Layer) {
  const parts: Uint8Array[] = [];
  const stream = at.store.layers.tars.gzip(chainId);
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return { bytes: Buffer.concat(parts), result: value };
    parts.push(value);
  }
}

/** Names of which a layer can have several: any bytes but NUL and slash, folders, long ones. */
const part = fc
  .uint8Array({ minLength: 1, maxLength: 90 })
  .map((bytes) =>
    Buffer.from(bytes.map((byte) => (byte === 0 || byte === 47 ? 95 : byte))).toString('latin1'),
  )
  .filter((name) => name !== '.' && name !== '..' && !name.startsWith('.wh.'));
const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.nat({ max: 700_000 }).map((size) => new Uint8Array(size)),
);
const member = fc.record({
  folder: fc.constantFrom('', 'd/', './e/f/', '/g/'),
  name: part,
  kind: fc.constantFrom('file', 'file', 'file', 'hard link', 'symlink', 'folder', 'whiteout', 'fifo'),
  content,
  seconds: fc.integer({ min: -5, max: 2_000_000_000 }),
  nanoseconds: fc.constantFrom(0, 1, 123_456_789),
  xattr: fc.boolean(),
  gnu: fc.boolean(),
  uid: fc.constantFrom(0, 1000, 3_000_000),
});

type RandomMember = typeof member extends fc.Arbitrary<infer T> ? T : never;

/** GNU tar's way to a long name, in place of pax. */
function gnuLongName(name: ByteString): Buffer {
  const size = name.length + 1;
  const head = encodeHeader({ name: toByteString('././@LongLink'), type: 'L', size });
  return Buffer.concat([head, Buffer.from(`${name}\0`, 'latin1'), padding(size)]);
}

function encode(members: RandomMember[], tail: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  const files: ByteString[] = [];
  members.forEach((each, index) => {
    // Numbers make names unique, also where one is cleaned.
    const base = `${index}${each.name}`;
    const name = (each.folder + (each.kind === 'whiteout' ? `.wh.${base}` : base)) as ByteString;
    const target = files.at(-1);
    const kind = each.kind === 'hard link' && !target ? 'file' : each.kind;
    const data = Buffer.from(kind === 'file' ? each.content : []);
    const types = { file: '0', 'hard link': '1', symlink: '2', folder: '5', whiteout: '0', fifo: '6' };
    const plain = each.gnu && kind === 'file';
    if (plain) parts.push(gnuLongName(name));
    else if (index % 3 === 0) parts.push(globalHeader());
    const mtime = plain ? { seconds: 7, nanoseconds: 0 } : each;
    const xattrs =
      each.xattr && !plain ? [{ name: 'user.x' as ByteString, value: '\xff=\n' as ByteString }] : [];
    parts.push(
      encodeHeader({
        name: plain ? ('short' as ByteString) : name,
        type: types[kind as keyof typeof types],
        linkName:
          kind === 'hard link' ? (target as ByteString) : kind === 'symlink' ? name : toByteString(''),
        uid: plain ? 0 : each.uid,
        size: data.length,
        mtime,
        xattrs,
      }),
      data,
      // What fills the last block need not be zeros.
      padding(data.length).fill(index % 2 ? 0 : 0x55),
    );
    if (kind === 'file') files.push(name);
  });
  return Buffer.concat([...parts, tail]);
}

function globalHeader(): Buffer {
  const data = Buffer.from('13 comment=x\n');
  const head = encodeHeader({ name: toByteString('pax_global_header'), type: 'g', size: data.length });
  return Buffer.concat([head, data, padding(data.length)]);
}

describe('the tar of a layer', () => {
  test('comes back bit by bit, whatever is in it', async () => {
    await using at = await testStore();
    const zeros = new Uint8Array(1024);
    const tail = fc.constantFrom(
      new Uint8Array(0),
      zeros,
      new Uint8Array(10240),
      Buffer.concat([zeros, Buffer.from('tape')]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 12 }), tail, async (members, end) => {
        const tar = encode(members, end);
        const layer = await addTar(at, tar);
        at.store.layers.retain(layer.chainId);
        try {
          expect(await at.store.layers.tars.measure(layer.chainId)).toBe(tar.length);
          expect((await tarOfLayer(at, layer)).equals(tar)).toBe(true);
        } finally {
          await at.store.layers.release(layer.chainId);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['old GNU', ['--format=gnu']],
    ['PAX 1.0', ['--format=posix', '--sparse-version=1.0']],
  ])('with sparse files in the format %s comes back, and they are sparse on disk', async (_what, flags) => {
    await using at = await testStore();
    const folder = mkdtempSync(join(tmpdir(), 'sparse-'));
    try {
      const fd = openSync(join(folder, 'file'), 'w');
      for (let i = 0; i < 40; i++) writeSync(fd, `piece ${i}`, i * 100_000);
      ftruncateSync(fd, 50_000_000);
      closeSync(fd);
      const all = ['-C', folder, '--sparse', '--hole-detection=raw', ...flags, '-cf', '-', 'file'];
      const tar = execFileSync('tar', all);
      const layer = await addTar(at, tar);
      expect(layer.size).toBe(50_000_000);
      expect(await at.store.layers.tars.measure(layer.chainId)).toBe(tar.length);
      expect((await tarOfLayer(at, layer)).equals(tar)).toBe(true);
      const file = join(at.dataRoot, 'overlay2', layer.cacheId, 'diff', 'file');
      expect(readFileSync(file).equals(readFileSync(join(folder, 'file')))).toBe(true);
      expect(statSync(file).blocks * 512).toBeLessThan(1_000_000);
      // Damage is found by what the file has, holes included.
      const altered = openSync(file, 'r+');
      writeSync(altered, 'x', 45_000_000);
      writeSync(altered, 'P', 0);
      closeSync(altered);
      const failure = await tarOfLayer(at, layer).catch(String);
      expect(failure).toContain('file "file": its content is not what it was');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('as gzip is one stream of it, the same each time, and its digest and size are told', async () => {
    await using at = await testStore();
    const noise = Buffer.alloc(3_500_000);
    for (let i = 0; i < noise.length; i++) noise[i] = (i * 2_654_435_761) >>> (i % 24);
    const tar = tarOf([
      { name: 'a', content: noise },
      { name: 'b', content: Buffer.alloc(2_000_000) },
      { name: 'c', content: 'x' },
    ]);
    const layer = await addTar(at, tar);
    const { bytes, result } = await gzipOfLayer(at, layer);
    expect(gunzipSync(bytes).equals(tar)).toBe(true);
    expect(result).toEqual({
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` as never,
      size: bytes.length,
    });
    expect((await gzipOfLayer(at, layer)).bytes.equals(bytes)).toBe(true);
  });

  test('of an empty archive is empty, and as gzip still a stream', async () => {
    await using at = await testStore();
    const layer = await addTar(at, Buffer.alloc(1024));
    expect((await tarOfLayer(at, layer)).equals(Buffer.alloc(1024))).toBe(true);
    const nothing = await addTar(at, Buffer.alloc(0));
    expect((await tarOfLayer(at, nothing)).length).toBe(0);
    expect(gunzipSync((await gzipOfLayer(at, nothing)).bytes).length).toBe(0);
  });

  test('reads what a link of the same layer leads to, as it was unpacked', async () => {
    await using at = await testStore();
    const members: Member[] = [
      { name: 'usr/lib/' },
      { name: 'lib', link: '/usr/lib' },
      { name: 'lib/x', content: 'through the link' },
    ];
    const layer = await add(at, members);
    expect((await tarOfLayer(at, layer)).equals(tarOf(members))).toBe(true);
  });
});

describe('a damaged layer', () => {
  const members: Member[] = [
    { name: 'd/' },
    { name: 'd/good', content: 'good' },
    { name: 'd/bad', content: 'what it was' },
  ];

  async function damaged(harm: (diff: string) => void): Promise<string> {
    await using at = await testStore();
    const layer = await add(at, members);
    harm(join(at.dataRoot, 'overlay2', layer.cacheId, 'diff'));
    const reason = async (work: Promise<unknown>) =>
      await work.then(
        () => 'no error',
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'corrupt' });
          return (error as Error).message.replace(layer.diffId, 'DIFF');
        },
      );
    const message = await reason(tarOfLayer(at, layer));
    expect(await reason(gzipOfLayer(at, layer))).toBe(message);
    return message;
  }

  test('names itself and the file that is missing', async () => {
    expect(await damaged((diff) => unlinkSync(join(diff, 'd/bad')))).toBe(
      'layer DIFF is damaged: file "d/bad": it is missing',
    );
    expect(await damaged((diff) => rmSync(join(diff, 'd'), { recursive: true }))).toContain(
      'file "d/good": it is missing',
    );
  });

  test('names the file that has another size or other content', async () => {
    expect(await damaged((diff) => appendFileSync(join(diff, 'd/bad'), '!'))).toBe(
      'layer DIFF is damaged: file "d/bad": it has 12 bytes instead of 11',
    );
    expect(await damaged((diff) => writeFileSync(join(diff, 'd/bad'), 'what it is!'))).toBe(
      'layer DIFF is damaged: file "d/bad": its content is not what it was',
    );
  });

  test('does not follow a link that stands where the file was', async () => {
    const put = (diff: string, target: string) => {
      unlinkSync(join(diff, 'd/bad'));
      symlinkSync(target, join(diff, 'd/bad'));
    };
    expect(await damaged((diff) => put(diff, '/etc/hostname'))).toContain(
      'it is not a regular file any more',
    );
  });

  test('whose tar-split is gone or garbage says so', async () => {
    await using at = await testStore();
    const layer = await add(at, members);
    const path = join(
      at.dataRoot,
      'image/overlay2/layerdb/sha256',
      layer.chainId.slice(7),
      'tar-split.json.gz',
    );
    writeFileSync(path, 'no gzip');
    await expect(tarOfLayer(at, layer)).rejects.toThrow('its tar-split.json.gz is broken');
    await expect(at.store.layers.tars.measure(layer.chainId)).rejects.toThrow('is broken');
    unlinkSync(path);
    await expect(tarOfLayer(at, layer)).rejects.toThrow('its tar-split.json.gz cannot be read');
  });
});

describe('reading', () => {
  test('ends with its signal, and when its reader leaves', async () => {
    await using at = await testStore();
    const layer = await add(at, [{ name: 'a', content: Buffer.alloc(5_000_000) }]);
    const abort = new AbortController();
    const cancelled = async () => {
      for await (const piece of at.store.layers.tars.read(layer.chainId, { signal: abort.signal })) {
        expect(piece.length).toBeGreaterThan(0);
        abort.abort();
      }
    };
    await expect(cancelled()).rejects.toMatchObject({ code: 'cancelled' });
    for await (const _piece of at.store.layers.tars.read(layer.chainId)) break;
    const all = await tarOfLayer(at, layer);
    expect(all.length).toBe(await at.store.layers.tars.measure(layer.chainId));
  });

  test('of an unknown layer is not-found', async () => {
    await using at = await testStore();
    const chainId = `sha256:${'0'.repeat(64)}` as Layer['chainId'];
    await expect(tarOfLayer(at, { chainId } as Layer)).rejects.toMatchObject({ code: 'not-found' });
  });
});
