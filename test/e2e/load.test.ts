import { describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { dockerArchive, layoutMembers } from '../fixtures/archive.ts';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, buildIndex, type ImageData, imageId, sha256 } from '../fixtures/image.ts';
import { sh, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { type TarEntry, tar } from '../fixtures/tar.ts';

/** An image that no other test has, with its layers. */
function fresh(extra: TarEntry[] = []) {
  const name = uniqueName('load');
  const layers = [busyboxRootfs(), tar([{ name: 'who', content: name }, ...extra])];
  const image = buildImage({ layers, config: { Cmd: ['cat', '/who'] }, gzip: false });
  return { name, layers, image, id: imageId(image) };
}

async function load(archive: Buffer, ...flags: string[]) {
  const { docker } = await engine();
  return await docker.run(['load', ...flags], { input: archive });
}

describe('docker load', () => {
  test('from a file and from standard input says what it loaded, and it runs', async () => {
    const { docker } = await engine();
    const { name, layers, image, id } = fresh();
    const file = join(workFolder('load'), 'image.tar');
    writeFileSync(
      file,
      dockerArchive(image, layers, { tags: [`${name}:one`, `localhost:5000/${name}:two`] }),
    );
    const lines = `Loaded image: ${name}:one\nLoaded image: localhost:5000/${name}:two`;
    expect(await docker.ok(['load', '-i', file])).toBe(lines);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Id}}', `${name}:one`])).toBe(id);
    expect(await docker.ok(['run', '--rm', `${name}:one`])).toBe(name);
    await docker.ok(['rmi', '-f', id]);
    expect(
      await docker.ok(['load', '-q'], { input: dockerArchive(image, layers, { tags: [`${name}:one`] }) }),
    ).toBe(`Loaded image: ${name}:one`);
    expect(await docker.ok(['run', '--rm', `${name}:one`])).toBe(name);
    await docker.ok(['rmi', '-f', id]);
  });

  test('of an image without a name tells its id', async () => {
    const { docker } = await engine();
    const { layers, image, id, name } = fresh();
    const result = await load(dockerArchive(image, layers));
    expect(result.stdout).toBe(`Loaded image ID: ${id}\n`);
    expect(await docker.ok(['run', '--rm', id])).toBe(name);
    await docker.ok(['rmi', id]);
  });

  test('takes a name from the image that has it, and says so', async () => {
    const { docker } = await engine();
    const [first, second] = [fresh(), fresh()];
    const tags = [`${first.name}:x`];
    expect((await load(dockerArchive(first.image, first.layers, { tags }))).code).toBe(0);
    const result = await load(dockerArchive(second.image, second.layers, { tags }));
    expect(result.stdout).toBe(
      `The image ${first.name}:x already exists, renaming the old one with ID ${first.id} to empty string\nLoaded image: ${first.name}:x\n`,
    );
    expect(await docker.ok(['image', 'inspect', '-f', '{{.RepoTags}}', first.id])).toBe('[]');
    await docker.ok(['rmi', first.id, second.id]);
  });

  test('of what is there already is quick and says the same', async () => {
    const { docker } = await engine();
    const { name, layers, image, id } = fresh();
    const archive = dockerArchive(image, layers, { tags: [`${name}:x`] });
    for (const _round of [1, 2]) {
      expect((await load(archive)).stdout).toBe(`Loaded image: ${name}:x\n`);
    }
    expect(await docker.ok(['run', '--rm', `${name}:x`])).toBe(name);
    await docker.ok(['rmi', id]);
  });

  test('takes members in any order', async () => {
    const { docker } = await engine();
    const { name, layers, image, id } = fresh();
    const result = await load(dockerArchive(image, layers, { tags: [`${name}:x`], manifestFirst: true }));
    expect(result.stdout).toBe(`Loaded image: ${name}:x\n`);
    expect(await docker.ok(['run', '--rm', `${name}:x`])).toBe(name);
    await docker.ok(['rmi', id]);
  });

  test.each([
    ['gzip', (bytes: Buffer) => gzipSync(bytes, { level: 1 })],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
    ['xz', (bytes: Buffer) => execFileSync('xz', ['-0', '-c'], { input: bytes, maxBuffer: 1 << 28 })],
    ['bzip2', (bytes: Buffer) => execFileSync('bzip2', ['-1', '-c'], { input: bytes, maxBuffer: 1 << 28 })],
  ] as const)('of an archive compressed by %s, and one cut off', async (kind, compress) => {
    // Compat: Docker reads zstd since 23.
    if (ENGINE === 'docker' && kind === 'zstd') return;
    const { docker } = await engine();
    const { name, layers, image, id } = fresh();
    const bytes = compress(dockerArchive(image, layers, { tags: [`${name}:x`] }));
    expect((await load(bytes)).stdout).toBe(`Loaded image: ${name}:x\n`);
    expect(await docker.ok(['run', '--rm', `${name}:x`])).toBe(name);
    await docker.ok(['rmi', id]);
    const cut = await load(bytes.subarray(0, bytes.length - 200));
    expect(cut.code).toBe(1);
    expect(cut.stderr).toMatch(/unexpected EOF|unexpected end/i);
    expect((await docker.run(['image', 'inspect', id])).code).toBe(1);
  });

  test('of layers that are compressed in the archive', async () => {
    const { docker } = await engine();
    const { name, layers, image, id } = fresh();
    const [base = Buffer.alloc(0), top = Buffer.alloc(0)] = layers;
    const packed = [gzipSync(base), execFileSync('xz', ['-c'], { input: top, maxBuffer: 1 << 28 })];
    const result = await load(dockerArchive(image, packed, { tags: [`${name}:x`] }));
    expect(result.stdout).toBe(`Loaded image: ${name}:x\n`);
    expect(await docker.ok(['run', '--rm', `${name}:x`])).toBe(name);
    await docker.ok(['rmi', id]);
  });

  test('of layers that are links to members of the archive', async () => {
    const { docker } = await engine();
    const { name, layers, image, id } = fresh();
    const [base, top] = layers;
    const manifest = [{ Config: 'config', RepoTags: [`${name}:x`], Layers: ['a/layer.tar', 'b/layer.tar'] }];
    const archive = tar([
      { name: 'base.tar', content: base ?? '' },
      { name: 'a', type: 'dir' },
      { name: 'a/layer.tar', type: 'symlink', link: '../base.tar' },
      { name: 'top.tar', content: top ?? '' },
      { name: 'b', type: 'dir' },
      { name: 'b/layer.tar', type: 'hardlink', link: 'top.tar' },
      { name: 'config', content: image.blobs[0]?.bytes ?? '' },
      { name: 'manifest.json', content: JSON.stringify(manifest) },
    ]);
    expect((await load(archive)).stdout).toBe(`Loaded image: ${name}:x\n`);
    expect(await docker.ok(['run', '--rm', `${name}:x`])).toBe(name);
    await docker.ok(['rmi', id]);
  });

  test('of several images that share layers', async () => {
    const { docker } = await engine();
    const name = uniqueName('many');
    const [base, one, two] = [
      busyboxRootfs(),
      tar([
        { name: 'one', content: name },
        { name: 'pad', content: Buffer.alloc(1 << 20, name) },
      ]),
      tar([]),
    ];
    const images = [
      { layers: [base, one, two, two], tags: [`${name}:a`] },
      { layers: [base, two, one], tags: [`${name}:b`, `${name}:c`] },
    ].map((each) => ({
      ...each,
      image: buildImage({ layers: each.layers, config: { Cmd: ['cat', '/one'] } }),
    }));
    const archive = tar([
      { name: 'base', content: base },
      { name: 'one', content: one },
      { name: 'two', content: two },
      ...images.map(({ image }, n) => ({ name: `config${n}`, content: image.blobs[0]?.bytes ?? '' })),
      {
        name: 'manifest.json',
        content: JSON.stringify(
          images.map(({ tags, layers }, n) => ({
            Config: `config${n}`,
            RepoTags: tags,
            Layers: layers.map((layer) => (layer === base ? 'base' : layer === one ? 'one' : 'two')),
          })),
        ),
      },
    ]);
    expect((await load(archive)).stdout).toBe(
      `Loaded image: ${name}:a\nLoaded image: ${name}:b\nLoaded image: ${name}:c\n`,
    );
    expect(await docker.ok(['run', '--rm', `${name}:a`])).toBe(name);
    expect(await docker.ok(['run', '--rm', `${name}:c`])).toBe(name);
    await docker.ok(['rmi', '-f', ...images.map(({ image }) => imageId(image))]);
  });

  test('publishes an event', async () => {
    const { docker, daemon } = await engine();
    const { name, layers, image, id } = fresh();
    const since = Math.floor(Date.now() / 1000) - 1;
    await load(dockerArchive(image, layers, { tags: [`${name}:x`] }));
    const filters = encodeURIComponent(JSON.stringify({ type: ['image'], image: [id] }));
    const until = Math.floor(Date.now() / 1000) + 1;
    const text = (await daemon.api.get(`/events?since=${since}&until=${until}&filters=${filters}`)).text;
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ Action, Actor }) => [Action, Actor.ID, Actor.Attributes.name])).toEqual([
      ['load', id, id],
    ]);
    await docker.ok(['rmi', id]);
  });

  test('tells the figures of its layers, unless it is to be quiet', async () => {
    const { daemon, docker } = await engine();
    const name = uniqueName('loud');
    const layers = ['one', 'two'].map((each) =>
      tar([{ name: each, content: Buffer.alloc(3 << 20, `${name}${each}`) }]),
    );
    const image = buildImage({ layers });
    const archive = dockerArchive(image, layers, { tags: [`${name}:x`] });
    const records = async (query: string) => {
      const answer = await daemon.api.post(`/images/load${query}`, archive, {
        headers: { 'Content-Type': 'application/x-tar' },
      });
      expect(answer.status).toBe(200);
      await docker.ok(['rmi', imageId(image)]);
      return answer.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    const loud = await records('?quiet=0');
    expect(loud.at(-1)).toEqual({ stream: `Loaded image: ${name}:x\n` });
    const figures = loud.filter(({ status }) => status === 'Loading layer');
    const ends = figures.filter(({ progressDetail }) => progressDetail.current === progressDetail.total);
    expect(ends.map(({ progressDetail }) => progressDetail.total)).toEqual(
      layers.map(({ length }) => length),
    );
    expect(await records('')).toEqual([{ stream: `Loaded image: ${name}:x\n` }]);
  });

  test('of an archive as Docker 25 writes it, whose layers are there in part', async () => {
    const { docker } = await engine();
    const name = uniqueName('newer');
    const large = tar([{ name: 'large', content: Buffer.alloc(1 << 20, name) }]);
    const layers = [busyboxRootfs(), large, tar([{ name: 'who', content: name }])];
    const first = dockerArchive25(layers, `${name}:a`);
    // The same layers in another order: each is here already, but not on top of those.
    const second = dockerArchive25([large, ...layers.filter((layer) => layer !== large)], `${name}:b`);
    for (const [archive, tag] of [
      [first, 'a'],
      [first, 'a'],
      [second, 'b'],
    ] as const) {
      expect((await load(archive)).stdout).toBe(`Loaded image: ${name}:${tag}\n`);
      expect(await docker.ok(['run', '--rm', `${name}:${tag}`, 'cat', '/who'])).toBe(name);
    }
    await docker.ok(['rmi', `${name}:a`, `${name}:b`]);
  });
});

/** As Docker 25 and later: plain layers and configuration as blobs, an OCI layout, and a manifest.json. */
function dockerArchive25(layers: Buffer[], tag: string): Buffer {
  const image = buildImage({ layers, gzip: false });
  const path = (bytes: Buffer) => `blobs/${sha256(bytes).replace(':', '/')}`;
  const config = image.blobs[0]?.bytes ?? Buffer.alloc(0);
  const manifest = [{ Config: path(config), RepoTags: [tag], Layers: layers.map(path) }];
  return tar([
    ...layoutMembers([
      { image, annotations: { 'io.containerd.image.name': 'docker.io/library/other:name' } },
    ]),
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

// Compat: Docker's overlay2 store reads archives with a manifest.json only, its containerd store reads these too.
describe.skipIf(ENGINE === 'docker')('docker load of an OCI layout', () => {
  const containerd = 'io.containerd.image.name';

  test('takes the names that containerd and skopeo write', async () => {
    const { docker } = await engine();
    const [one, two] = [fresh(), fresh()];
    const archive = tar(
      layoutMembers([
        { image: one.image, annotations: { [containerd]: `docker.io/library/${one.name}:x` } },
        { image: one.image, annotations: { 'org.opencontainers.image.ref.name': `localhost/${one.name}:y` } },
        { image: two.image, annotations: { 'org.opencontainers.image.ref.name': 'latest' } },
      ]),
    );
    expect((await load(archive)).stdout).toBe(
      `Loaded image: ${one.name}:x\nLoaded image: localhost/${one.name}:y\nLoaded image ID: ${one.id}\nLoaded image ID: ${one.id}\nLoaded image ID: ${two.id}\n`,
    );
    expect(await docker.ok(['run', '--rm', `${one.name}:x`])).toBe(one.name);
    expect(await docker.ok(['run', '--rm', two.id])).toBe(two.name);
    await docker.ok(['rmi', '-f', one.id, two.id]);
  });

  test('chooses by platform in nested indexes', async () => {
    const { docker } = await engine();
    const name = uniqueName('platforms');
    const of = (architecture: string): { image: ImageData; architecture: string } => {
      const layers = [busyboxRootfs(), tar([{ name: 'who', content: architecture }])];
      return { image: buildImage({ layers, config: { Cmd: ['cat', '/who'] }, architecture }), architecture };
    };
    const host = process.arch === 'x64' ? 'amd64' : process.arch;
    const other = host === 'amd64' ? 'arm64' : 'amd64';
    const index = buildIndex([of(other), of(host)]);
    const archive = tar(layoutMembers([{ image: index, annotations: { [containerd]: `${name}:x` } }]));
    expect((await load(archive)).stdout).toBe(`Loaded image: ${name}:x\n`);
    expect(await docker.ok(['run', '--rm', `${name}:x`])).toBe(host);
    expect((await load(archive, '--platform', `linux/${other}`)).stdout).toContain(
      `Loaded image: ${name}:x\n`,
    );
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Architecture}}', `${name}:x`])).toBe(other);
    const none = await load(archive, '--platform', 'linux/s390x');
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('no matching manifest for linux/s390x');
    await docker.ok(['image', 'prune', '-f']);
    await docker.ok(['rmi', `${name}:x`]);
  });
});

describe('docker load --platform', () => {
  test.skipIf(ENGINE === 'docker')('skips images of other platforms', async () => {
    const { docker } = await engine();
    const { name, layers, image, id } = fresh();
    const archive = dockerArchive(image, layers, { tags: [`${name}:x`] });
    const refused = await load(archive, '--platform', 'linux/s390x');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe('requested platform (linux/s390x) not found\n');
    const host = process.arch === 'x64' ? 'amd64' : process.arch;
    expect((await load(archive, '--platform', `linux/${host}`)).stdout).toBe(`Loaded image: ${name}:x\n`);
    await docker.ok(['rmi', id]);
  });
});

// Written by others than we: what people have lying about.
describe.skipIf(!existsSync('/usr/bin/podman'))('docker load of what other programs save', () => {
  test('podman save, in both of its formats', async () => {
    const { docker } = await engine();
    const folder = workFolder('saved');
    const podman = `podman --root ${folder}/root --runroot ${folder}/run --storage-driver vfs`;
    const { name, layers, image } = fresh();
    writeFileSync(join(folder, 'in.tar'), dockerArchive(image, layers, { tags: [`localhost/${name}:x`] }));
    await sh(`${podman} load -i ${folder}/in.tar`);
    for (const format of ENGINE === 'docker' ? ['docker-archive'] : ['docker-archive', 'oci-archive']) {
      await sh(`${podman} save --format ${format} -o ${folder}/${format}.tar localhost/${name}:x`);
      expect(await docker.ok(['load', '-i', `${folder}/${format}.tar`])).toBe(
        `Loaded image: localhost/${name}:x`,
      );
      expect(await docker.ok(['run', '--rm', `localhost/${name}:x`])).toBe(name);
      await docker.ok(['rmi', '-f', `localhost/${name}:x`]);
    }
  });
});
