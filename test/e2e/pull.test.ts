import { beforeAll, describe, expect, test } from 'bun:test';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, buildIndex, type ImageData, imageId, push } from '../fixtures/image.ts';
import { uniqueName } from '../fixtures/names.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';

const HERE = process.arch === 'x64' ? 'amd64' : process.arch;
const FOREIGN = HERE === 'amd64' ? 's390x' : 'amd64';
const layered = (note: string, count: number, format: 'oci' | 'docker' = 'oci'): ImageData =>
  buildImage({
    layers: [
      busyboxRootfs(),
      ...Array.from({ length: count - 1 }, (_, index) =>
        tar([{ name: `layer-${index}`, content: `${note} ${index}\n` }]),
      ),
    ],
    config: { Cmd: ['cat', '/layer-0'] },
    format,
  });

/** Pushes an image under a name of its own and gives its reference without a tag. */
async function pushed(image: ImageData, tag = 'latest'): Promise<string> {
  const { registry } = await engine();
  const name = uniqueName('pull');
  await push(registry.address, name, tag, image);
  return `${registry.address}/${name}`;
}

beforeAll(async () => {
  await engine();
});

// Compat: names of before Docker 23 have no IPv6 addresses.
test.skipIf(ENGINE === 'docker')('docker pull and push at an IPv6 address', async () => {
  const { docker } = await engine();
  if (!docker.cli.name.includes('28')) return;
  const there = await Registry.start({ host: '::1' });
  try {
    const image = layered('six', 2);
    await push(there.address, 'six', '1', image);
    expect(there.address).toStartWith('[::1]:');
    expect(await docker.ok(['pull', '-q', `${there.address}/six:1`])).toBe(`${there.address}/six:1`);
    expect(await docker.ok(['run', '--rm', `${there.address}/six:1`])).toBe('six 0');
    await docker.ok(['tag', `${there.address}/six:1`, `${there.address}/new:2`]);
    expect(await docker.ok(['push', `${there.address}/new:2`])).toContain('2: digest: sha256:');
    expect(await docker.ok(['images', '--format', '{{.Repository}} {{.Tag}}'])).toContain(
      `${there.address}/new 2`,
    );
    await docker.ok(['rmi', `${there.address}/six:1`, `${there.address}/new:2`]);
  } finally {
    await there.stop();
  }
});

describe('docker pull', () => {
  test('by tag prints what Docker prints', async () => {
    const { docker } = await engine();
    const image = layered('lines', 3);
    const reference = await pushed(image, 'v1');
    const text = await docker.ok(['pull', `${reference}:v1`]);
    const name = reference.split('/')[1] ?? '';
    const lines = text.split('\n');
    expect(lines[0]).toBe(`v1: Pulling from ${name}`);
    for (const part of image.blobs.slice(1)) {
      expect(text).toMatch(new RegExp(`^${part.digest.slice(7, 19)}: (Pull complete|Already exists)$`, 'm'));
    }
    expect(lines.slice(-3)).toEqual([
      `Digest: ${image.manifest.digest}`,
      `Status: Downloaded newer image for ${reference}:v1`,
      `${reference}:v1`,
    ]);
    expect(await docker.ok(['run', '--rm', `${reference}:v1`])).toBe('lines 0');
    const again = await docker.ok(['pull', `${reference}:v1`]);
    expect(again).toContain(`Status: Image is up to date for ${reference}:v1`);
  });

  test('of an image that is up to date costs a HEAD, and no GET', async () => {
    const { docker, registry } = await engine();
    const image = layered('head', 2);
    const there = buildImage({ layers: [tar([{ name: 'x' }])], architecture: FOREIGN });
    const index = buildIndex([
      { image: there, architecture: FOREIGN },
      { image, architecture: HERE },
    ]);
    const name = uniqueName('head');
    await push(registry.address, name, 'latest', index);
    const reference = `${registry.address}/${name}:latest`;
    const asked = () =>
      registry.requests().filter((line) => line.includes(`/v2/${name}/`) && !line.startsWith('P'));
    await docker.ok(['pull', '-q', reference]);
    for (const again of [reference, `${registry.address}/${name}@${index.manifest.digest}`]) {
      const before = asked().length;
      expect(await docker.ok(['pull', again])).toContain(`Status: Image is up to date for ${again}`);
      if (ENGINE === 'minke' || again === reference) {
        expect(asked().slice(before)).toEqual([
          `HEAD /v2/${name}/manifests/${again.slice(-6) === 'latest' ? 'latest' : index.manifest.digest} 200`,
        ]);
      }
    }
    // Another platform of the same index is something else.
    await docker.ok(['pull', '-q', '--platform', `linux/${FOREIGN}`, reference]);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Architecture}}', reference])).toBe(FOREIGN);
    await docker.ok(['pull', '-q', reference]);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Architecture}}', reference])).toBe(HERE);
    // What the tag means now is fetched.
    const next = layered('next', 2);
    await push(registry.address, name, 'latest', next);
    expect(await docker.ok(['pull', reference])).toContain('Status: Downloaded newer image');
    expect(await docker.ok(['run', '--rm', reference])).toBe('next 0');
  });

  test('without a tag takes latest and says so', async () => {
    const { docker } = await engine();
    const reference = await pushed(layered('latest', 2));
    expect(await docker.ok(['pull', reference])).toStartWith('Using default tag: latest\n');
  });

  test('-q prints the reference only', async () => {
    const { docker } = await engine();
    const reference = await pushed(layered('quiet', 2));
    expect(await docker.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
  });

  test('by digest', async () => {
    const { docker } = await engine();
    const image = layered('digest', 2);
    const reference = `${await pushed(image)}@${image.manifest.digest}`;
    expect(await docker.ok(['pull', reference])).toContain(`Digest: ${image.manifest.digest}`);
    expect(await docker.ok(['run', '--rm', reference])).toBe('digest 0');
    expect(await docker.ok(['inspect', '-f', '{{.RepoDigests}} {{.RepoTags}}', reference])).toBe(
      `[${reference}] []`,
    );
  });

  test.each(['oci', 'docker'] as const)('a manifest of %s', async (format) => {
    const { docker } = await engine();
    const image = layered(`format ${format}`, 3, format);
    const reference = await pushed(image);
    await docker.ok(['pull', '-q', reference]);
    expect(await docker.ok(['inspect', '-f', '{{.Id}}', reference])).toBe(imageId(image));
    expect(await docker.ok(['run', '--rm', reference])).toBe(`format ${format} 0`);
  });

  test.each(['oci', 'docker'] as const)(
    'an index of %s takes the platform of this machine',
    async (format) => {
      const { docker } = await engine();
      const here = layered(`index ${format}`, 2, format);
      const there = buildImage({ layers: [tar([{ name: 'x' }])], architecture: FOREIGN, format });
      const index = buildIndex(
        [
          { image: there, architecture: FOREIGN },
          { image: here, architecture: HERE },
        ],
        format,
      );
      const reference = await pushed(index);
      const text = await docker.ok(['pull', reference]);
      expect(text).toContain(`Digest: ${index.manifest.digest}`);
      expect(await docker.ok(['inspect', '-f', '{{.Id}}', reference])).toBe(imageId(here));
      expect(await docker.ok(['run', '--rm', reference])).toBe(`index ${format} 0`);
    },
  );

  test('--platform takes another one, and one that is not there is an error', async () => {
    const { docker } = await engine();
    const there = buildImage({ layers: [tar([{ name: 'x' }])], architecture: FOREIGN });
    const index = buildIndex([{ image: there, architecture: FOREIGN }]);
    const reference = await pushed(index);
    const none = await docker.run(['pull', reference]);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(
      new RegExp(`no matching manifest for linux/${HERE}.* in the manifest list entries`),
    );
    await docker.ok(['pull', '-q', '--platform', `linux/${FOREIGN}`, reference]);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Os}}/{{.Architecture}}', reference])).toBe(
      `linux/${FOREIGN}`,
    );
  });

  test('layers without compression', async () => {
    const { docker } = await engine();
    const image = buildImage({
      layers: [busyboxRootfs(), tar([{ name: 'plain', content: 'tar\n' }])],
      gzip: false,
    });
    const reference = await pushed(image);
    await docker.ok(['pull', '-q', reference]);
    expect(await docker.ok(['run', '--rm', reference, 'cat', '/plain'])).toBe('tar');
  });

  test('layers that are there already are not fetched again', async () => {
    const { docker } = await engine();
    await docker.ok(['pull', '-q', await pushed(layered('base', 2))]);
    const more = layered('base', 3);
    const text = await docker.ok(['pull', await pushed(more)]);
    expect(text.match(/Already exists/g)).toHaveLength(2);
    expect(text.match(/Pull complete/g)).toHaveLength(1);
  });

  test('20 layers, one of them twice', async () => {
    const { docker } = await engine();
    const twice = tar([{ name: 'again', content: 'again\n' }]);
    const layers = Array.from({ length: 17 }, (_, n) => tar([{ name: `f${n}`, content: `${n}` }]));
    const reference = await pushed(buildImage({ layers: [busyboxRootfs(), twice, ...layers, twice] }));
    await docker.ok(['pull', '-q', reference]);
    expect(await docker.ok(['run', '--rm', reference, 'sh', '-c', 'cat /again; ls / | grep -c ^f'])).toBe(
      'again\n17',
    );
    expect(await docker.ok(['inspect', '-f', '{{len .RootFS.Layers}}', reference])).toBe('20');
  });

  test('whiteouts hide files and whole folders of lower layers', async () => {
    const { docker } = await engine();
    const reference = await pushed(
      buildImage({
        layers: [
          busyboxRootfs([
            { name: 'gone', content: 'x' },
            { name: 'folder', type: 'dir' },
            { name: 'folder/old', content: 'x' },
            { name: 'other', type: 'dir' },
            { name: 'other/a', content: 'a' },
            { name: 'other/b', content: 'b' },
          ]),
          tar([
            { name: '.wh.gone' },
            { name: 'folder', type: 'dir' },
            { name: 'folder/.wh..wh..opq' },
            { name: 'folder/new', content: 'x' },
            { name: 'other/.wh.a' },
          ]),
        ],
      }),
    );
    await docker.ok(['pull', '-q', reference]);
    expect(
      await docker.ok(['run', '--rm', reference, 'sh', '-c', 'ls -d /gone 2>/dev/null; ls /folder /other']),
    ).toBe('/folder:\nnew\n\n/other:\nb');
  });

  test('modes, owners and links come as they are in the archive', async () => {
    const { docker } = await engine();
    const reference = await pushed(
      buildImage({
        layers: [
          busyboxRootfs([
            { name: 'm', type: 'dir', mode: 0o2750, uid: 12, gid: 34 },
            { name: 'm/suid', content: 'x', mode: 0o4755, uid: 7, gid: 8 },
            { name: 'm/hard', type: 'hardlink', link: 'm/suid', mode: 0o4755, uid: 7, gid: 8 },
            { name: 'm/sym', type: 'symlink', link: '/www/index.html' },
            { name: 'm/fifo', type: 'fifo', mode: 0o600 },
          ]),
        ],
      }),
    );
    await docker.ok(['pull', '-q', reference]);
    const text = await docker.ok([
      'run',
      '--rm',
      reference,
      'sh',
      '-c',
      'stat -c "%n %a %u:%g %h %F" /m /m/suid /m/fifo /m/sym; cat /m/sym; stat -c %Y /m/hard',
    ]);
    expect(text.split('\n')).toEqual([
      '/m 2750 12:34 2 directory',
      '/m/suid 4755 7:8 2 regular file',
      '/m/fifo 600 0:0 1 fifo',
      '/m/sym 777 0:0 1 symbolic link',
      'hello from the image',
      '1700000000',
    ]);
  });

  // Compat: Docker's overlay2 makes it 755 there.
  test.skipIf(ENGINE === 'docker')(
    'a folder that a layer only implies keeps the mode of the lower one',
    async () => {
      const { docker } = await engine();
      const reference = await pushed(
        buildImage({ layers: [busyboxRootfs(), tar([{ name: 'tmp/inside', content: 'x' }])] }),
      );
      await docker.ok(['pull', '-q', reference]);
      expect(await docker.ok(['run', '--rm', reference, 'stat', '-c', '%a', '/tmp'])).toBe('1777');
    },
  );

  test('an unknown tag and an unknown repository', async () => {
    const { docker, registry } = await engine();
    const tag = await docker.run(['pull', `${registry.address}/busybox:nope`]);
    expect(tag.code).toBe(1);
    expect(tag.stderr).toContain(
      `Error response from daemon: manifest for ${registry.address}/busybox:nope not found: manifest unknown: manifest unknown`,
    );
    const repository = await docker.run(['pull', `${registry.address}/no/such`]);
    expect(repository.code).toBe(1);
    expect(repository.stderr).toContain(`manifest for ${registry.address}/no/such:latest not found`);
  });

  test('a reference that is none', async () => {
    const { docker } = await engine();
    for (const reference of ['here/UPPER', 'a:b:c', 'x@sha256:12']) {
      const result = await docker.run(['pull', reference]);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('invalid reference format');
    }
  });

  test('five pulls of one image at once', async () => {
    const { docker } = await engine();
    const image = layered('together', 5);
    const reference = await pushed(image);
    const all = await Promise.all(Array.from({ length: 5 }, () => docker.run(['pull', '-q', reference])));
    expect(all.map(({ code, stderr }) => `${code}${stderr}`)).toEqual(all.map(() => '0'));
    expect(await docker.ok(['run', '--rm', reference])).toBe('together 0');
  });

  test('a terminal sees bars of progress', async () => {
    const { docker } = await engine();
    const noise = Buffer.alloc(6 << 20);
    for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((Math.random() * 2 ** 32) >>> 0, at);
    const image = buildImage({ layers: [busyboxRootfs(), tar([{ name: 'noise', content: noise }])] });
    const terminal = await docker.terminal(['pull', await pushed(image)], 40, 120);
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toMatch(/Downloading \[[=>]+ *\] +[\d.]+[kM]B\/[\d.]+[kM]B/);
    expect(terminal.screen()).toContain('Pull complete');
  });
});
