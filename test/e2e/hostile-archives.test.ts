import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { dockerArchive, layoutMembers } from '../fixtures/archive.ts';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { blob, buildImage, type ImageData, imageId, sha256 } from '../fixtures/image.ts';
import { uniqueName } from '../fixtures/names.ts';
import { type TarEntry, tar } from '../fixtures/tar.ts';

/** Directories of layers, and what is half done. */
async function leftovers(): Promise<string[]> {
  const { daemon } = await engine();
  const list = (path: string) => readdirSync(join(daemon.dataRoot, path));
  return [
    ...list('overlay2').filter((name) => name !== 'l' && !name.startsWith('.minke')),
    ...list('image/overlay2/layerdb/sha256'),
    ...list('image/overlay2/layerdb/tmp'),
    ...list('image/overlay2/imagedb/content/sha256'),
    ...(ENGINE === 'minke' ? list('overlay2/.minke-staging') : list('tmp')),
  ].sort();
}

/** Loads what must be refused; gives the sentence. Nothing of it may be left. */
async function refused(archive: Buffer): Promise<string> {
  const { docker } = await engine();
  const before = await leftovers();
  const result = await docker.run(['load'], { input: archive });
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 1, stdout: '' });
  expect(await leftovers()).toEqual(before);
  return result.stderr.trim();
}

function withManifest(manifest: unknown, ...members: TarEntry[]): Buffer {
  const content = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  return tar([...members, { name: 'manifest.json', content }]);
}

/** An image of one layer more than busybox, of these members. */
function imageOf(members: TarEntry[]): { image: ImageData; layers: Buffer[] } {
  const layers = [busyboxRootfs(), tar([{ name: 'who', content: uniqueName() }, ...members])];
  return { image: buildImage({ layers, gzip: false }), layers };
}

describe('docker load of an archive', () => {
  test('of nothing, of no archive, cut off', async () => {
    const { image, layers } = imageOf([]);
    const whole = dockerArchive(image, layers, { tags: ['x:y'] });
    expect(await refused(tar([]))).toMatch(/manifest\.json|repositories: no such file/);
    expect(await refused(Buffer.from('text '.repeat(1000)))).toContain('archive/tar: invalid tar header');
    for (const length of [whole.length >> 1, 700_123]) {
      expect(await refused(whole.subarray(0, length))).toContain('unexpected EOF');
    }
  });

  test.each([
    // Compat: Docker 20.10 takes null for an empty list.
    ...(ENGINE === 'docker' ? [] : [['null', 'null', /manifest cannot be null/] as const]),
    ['no list', '{}', /manifest|cannot unmarshal/],
    ['no JSON', '[{', /manifest|unexpected EOF/],
    ['JSON that is 100,000 levels deep', '['.repeat(100_000), /nested|exceeded max depth/],
    ['a configuration that is not there', [{ Config: 'none', Layers: [] }], /no such file or directory/],
    [
      'a configuration outside',
      [{ Config: '../../../../etc/passwd', Layers: [] }],
      /no such file|evalSymlinksInScope/,
    ],
    ['a folder as configuration', [{ Config: 'folder', Layers: [] }], /no such file|is a directory/],
  ])('whose manifest.json has %s', async (_what, manifest, sentence) => {
    expect(await refused(withManifest(manifest, { name: 'folder', type: 'dir' }))).toMatch(sentence);
  });

  test('whose configuration is none, huge, deep, of another system, or has too many layers', async () => {
    const manifest = [{ Config: 'config', Layers: [] }];
    const of = (content: string | Buffer) => refused(withManifest(manifest, { name: 'config', content }));
    expect(await of('{}')).toMatch(/RootFS|rootfs/);
    expect(await of('nothing')).toMatch(/JSON|invalid character/);
    expect(await of('{"a":'.repeat(100_000))).toMatch(/nested|unexpected end|exceeded max depth/);
    const windows = { os: 'windows', rootfs: { type: 'layers', diff_ids: [] } };
    expect(await of(JSON.stringify(windows))).toContain('cannot load windows image on linux');
    const layers = Array.from({ length: 1000 }, (_, n) => sha256(`${n}`));
    const many = JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: layers } });
    expect(await of(many)).toMatch(/max depth exceeded|layers length mismatch/);
  });

  // Compat: Docker reads all of it into memory.
  test.skipIf(ENGINE === 'docker')(
    'whose configuration has 100 MB',
    async () => {
      const config = Buffer.alloc(100 << 20, ' ');
      config.write('{');
      const archive = withManifest([{ Config: 'config', Layers: [] }], { name: 'config', content: config });
      expect(await refused(archive)).toBe('image configuration is larger than 8388608 bytes');
    },
    60_000,
  );

  test('that lies about a layer', async () => {
    const { image, layers } = imageOf([]);
    const [base = Buffer.alloc(0)] = layers;
    const other = tar([{ name: 'other', content: uniqueName() }]);
    const sentence = await refused(dockerArchive(image, [base, other], { tags: ['x:y'] }));
    expect(sentence).toBe(
      `invalid diffID for layer 1: expected "${sha256(layers[1] ?? '')}", got "${sha256(other)}"`,
    );
    expect(await refused(dockerArchive(image, [base], { tags: ['x:y'] }))).toContain(
      'invalid manifest, layers length mismatch: expected 1, got 2',
    );
  });

  test('whose layers are outside of it, links in circles, or not there', async () => {
    const { image } = imageOf([]);
    const config = { name: 'config', content: image.blobs[0]?.bytes ?? '' };
    const of = (path: string, ...members: TarEntry[]) =>
      refused(withManifest([{ Config: 'config', Layers: [path, path] }], config, ...members));
    expect(await of('../../../../../../etc/passwd')).toMatch(/no such file|evalSymlinksInScope/);
    expect(await of('/etc/passwd')).toMatch(/no such file|evalSymlinksInScope/);
    expect(await of('up', { name: 'up', type: 'symlink', link: '../../../../etc/passwd' })).toMatch(
      /no such file|outside|invalid symlink/,
    );
    const [a, b] = ['a', 'b'];
    const loop: TarEntry[] = [
      { name: a, type: 'symlink', link: b },
      { name: b, type: 'symlink', link: a },
    ];
    expect(await of(a, ...loop)).toMatch(/too many/i);
  });

  // Compat: Docker 20.10 unpacks them somewhere beneath its own folder, and then misses the manifest.
  test.skipIf(ENGINE === 'docker')('with members outside of it', async () => {
    expect(await refused(tar([{ name: '../evil', content: 'x' }]))).toContain('is outside of');
    expect(await refused(tar([{ name: 'x', type: 'hardlink', link: '../../etc/passwd' }]))).toMatch(
      /invalid hardlink|is outside of/,
    );
  });

  // Compat: Docker 20.10 reads these, whatever they say.
  test.skipIf(ENGINE === 'docker')('of images whose layout lies', async () => {
    const { image } = imageOf([]);
    const members = layoutMembers([{ image }]);
    const altered = (digest: string, content: string | Buffer) =>
      tar(members.map((each) => (each.name.endsWith(digest.slice(7)) ? { ...each, content } : each)));
    expect(await refused(altered(image.manifest.digest, '{}'))).toContain('is not in the archive');
    expect(await refused(altered(imageId(image), '{}'))).toContain('is not in the archive');
    const last = image.blobs.at(-1)?.digest ?? '';
    expect(await refused(altered(last, tar([{ name: 'z', content: uniqueName() }])))).toBe(
      `filesystem layer verification failed for digest ${last}`,
    );
    const both = blob(JSON.stringify({ schemaVersion: 2, manifests: [], layers: [], config: {} }));
    const confused: ImageData = { ...image, manifest: both };
    expect(await refused(tar(layoutMembers([{ image: confused }])))).toContain('both an image and an index');
    expect(await refused(tar([{ name: 'index.json', content: '['.repeat(100_000) }]))).toContain('nested');
    const self = { schemaVersion: 2, manifests: [{ mediaType: '', digest: sha256('x'), size: 1 }] };
    expect(await refused(tar([{ name: 'index.json', content: JSON.stringify(self) }]))).toContain(
      'not found',
    );
  });
});

describe('docker load of a layer with', () => {
  const hostile: [string, TarEntry[]][] = [
    // Compat: Docker puts it in the root.
    ...(ENGINE === 'docker'
      ? []
      : ([['a member above its root', [{ name: '../evil', content: 'x' }]]] as [string, TarEntry[]][])),
    ['a hard link out of it', [{ name: 'hard', type: 'hardlink', link: '../../../../etc/passwd' }]],
    ['a hard link to nothing', [{ name: 'hard', type: 'hardlink', link: 'nowhere' }]],
    [
      'a file as directory',
      [
        { name: 'a', content: '1' },
        { name: 'a/b', content: '2' },
      ],
    ],
    [
      'the same name twice',
      [
        { name: 'a', content: '1' },
        { name: './a', content: '2' },
      ],
    ],
    // Compat: Docker would remove what is there.
    ...(ENGINE === 'docker'
      ? []
      : ([['a whiteout of the parent', [{ name: 'a/.wh...' }]]] as [string, TarEntry[]][])),
  ];
  for (const [what, entries] of hostile) {
    test(`${what} is refused`, async () => {
      const { image, layers } = imageOf(entries);
      expect(await refused(dockerArchive(image, layers, { tags: ['evil:x'] }))).not.toBe('');
    });
  }
});
