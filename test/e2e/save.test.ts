import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, imageId, push } from '../fixtures/image.ts';
import { sh, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

interface Item {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** An archive's files, unpacked. */
async function unpack(archive: string) {
  const folder = workFolder('saved');
  await sh(`tar -xf ${archive} -C ${folder}`);
  const read = (name: string) => readFileSync(join(folder, name));
  const manifest = JSON.parse(read('manifest.json').toString()) as Item[];
  const layersOf = (item: Item | undefined) => (item?.Layers ?? []).map((name) => sha256(read(name)));
  return { folder, read, manifest, layersOf };
}

/** Layers with all that a tar can have: GNU tar makes them. */
async function oddLayers(): Promise<Buffer[]> {
  const folder = workFolder('odd');
  await sh(
    `mkdir -p d/${'long/'.repeat(60)} && echo x > d/${'long/'.repeat(60)}file && ln d/long/../long/long/../../../d/${'long/'.repeat(60)}file d/hard
    ln -s ../d/hard d/sym; mkfifo d/fifo; mknod d/null c 1 3; printf 'a' > "$(printf 'd/\\377\\001x')"
    head -c 3000000 /dev/urandom > d/random; : > d/empty; touch -d '1999-12-31 23:59:59.123456789' d/empty; chown 3000000:7 d/random; chmod 4755 d/random`,
    { cwd: folder },
  );
  await sh(
    `tar --format=gnu -cf gnu.tar d && tar --format=pax -cf pax.tar d && tar --format=pax -b 64 -cf other.tar --transform 's,^d,e,' d`,
    { cwd: folder },
  );
  return ['gnu.tar', 'pax.tar', 'other.tar'].map((name) => readFileSync(join(folder, name)));
}

async function pulled(layers: Buffer[], tag = '1') {
  const { docker, registry } = await engine();
  const name = uniqueName('save');
  const image = buildImage({ layers, config: { Cmd: ['cat', '/who'], Labels: { a: '<b>&' } } });
  await push(registry.address, name, tag, image);
  const reference = `${registry.address}/${name}:${tag}`;
  await docker.ok(['pull', '-q', reference]);
  return { reference, image, id: imageId(image), layers: layers.map(sha256) };
}

async function save(...names: string[]): Promise<string> {
  const { docker } = await engine();
  const file = join(workFolder('archive'), 'images.tar');
  await docker.ok(['save', '-o', file, ...names]);
  return file;
}

describe('docker save', () => {
  test('gives each layer back bit by bit, and the config as it was', async () => {
    const layers = [busyboxRootfs(), ...(await oddLayers())];
    const { reference, id, layers: diffIds } = await pulled(layers);
    const { manifest, layersOf, read } = await unpack(await save(reference));
    expect(manifest.length).toBe(1);
    expect(manifest[0]?.RepoTags).toEqual([reference]);
    expect(layersOf(manifest[0])).toEqual(diffIds);
    expect(sha256(read(manifest[0]?.Config ?? ''))).toBe(id);
  });

  test('by id brings no name; a bare name brings all tags; several images share what they share', async () => {
    const { docker } = await engine();
    const first = await pulled([busyboxRootfs(), tar([{ name: 'who', content: '1' }])]);
    const second = await pulled([busyboxRootfs(), tar([{ name: 'who', content: '2' }])]);
    const repository = first.reference.slice(0, first.reference.lastIndexOf(':'));
    await docker.ok(['tag', first.reference, `${repository}:other`]);
    for (const name of [first.id, first.id.slice(7), first.id.slice(7, 19)]) {
      expect((await unpack(await save(name))).manifest[0]?.RepoTags).toBe(null);
    }
    const { manifest, layersOf } = await unpack(await save(repository, second.reference, first.id));
    const byTag = new Map(manifest.map((item) => [item.RepoTags?.at(-1), item]));
    expect(byTag.size).toBe(2);
    expect(byTag.get(`${repository}:other`)?.RepoTags?.toSorted()).toEqual([
      first.reference,
      `${repository}:other`,
    ]);
    expect(layersOf(byTag.get(second.reference))).toEqual(second.layers);
  });

  test('to standard output is the same archive, and to a slow reader too', async () => {
    const { daemon } = await engine();
    const { reference } = await pulled([busyboxRootfs(), tar([{ name: 'who', content: 'x' }])]);
    const direct = sha256(readFileSync(await save(reference)));
    using _calm = await calm('a pipeline of the shell: nobody settles what is cut');
    const [cli] = dockerClis();
    const env = { DOCKER_HOST: daemon.host };
    const piped = (reader: string) =>
      sh(`${cli?.program} save ${reference} | ${reader}`, { env }).then((text) => text.slice(0, 64));
    expect(`sha256:${await piped('sha256sum')}`).toBe(direct);
    expect(`sha256:${await piped('(sleep 1; sha256sum)')}`).toBe(direct);
  });

  test("an unknown name gets Docker's sentence and no file", async () => {
    const { docker } = await engine();
    const file = join(workFolder('archive'), 'none.tar');
    const said = async (name: string) => {
      const result = await docker.run(['save', '-o', file, name]);
      expect(result.code).toBe(1);
      return result.stderr.trim();
    };
    expect(await said('nosuch')).toBe('Error response from daemon: No such image: nosuch');
    expect(await said('nosuch:1')).toBe('Error response from daemon: reference does not exist');
    expect(await said('sha256:abcd')).toBe('Error response from daemon: No such image: sha256:abcd');
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  test('writes its event', async () => {
    const { daemon } = await engine();
    const { reference, id } = await pulled([tar([{ name: 'who', content: uniqueName('x') }])]);
    await save(reference);
    const filters = encodeURIComponent(JSON.stringify({ type: ['image'], event: ['save'], image: [id] }));
    const now = Math.floor(Date.now() / 1000) + 1;
    const { text } = await daemon.api.get(`/events?since=0&until=${now}&filters=${filters}`);
    expect(JSON.parse(text.trim()).Actor).toEqual({ ID: id, Attributes: { a: '<b>&', name: id } });
  });
});

/** What 20.10 does not write, or cannot be made to do. */
describe.if(ENGINE === 'minke')('a saved archive', () => {
  test('is an OCI layout too', async () => {
    const { reference, id, layers } = await pulled([busyboxRootfs(), tar([{ name: 'who', content: 'oci' }])]);
    const { read } = await unpack(await save(reference));
    expect(JSON.parse(read('oci-layout').toString())).toEqual({ imageLayoutVersion: '1.0.0' });
    const [entry] = JSON.parse(read('index.json').toString()).manifests;
    expect(entry.annotations['io.containerd.image.name']).toBe(reference);
    const blob = (digest: string) => read(`blobs/sha256/${digest.slice(7)}`);
    const manifest = JSON.parse(blob(entry.digest).toString());
    expect(sha256(blob(entry.digest))).toBe(entry.digest);
    expect(manifest.config.digest).toBe(id);
    expect(manifest.layers.map(({ digest }: { digest: string }) => digest)).toEqual(layers);
    for (const { digest, size } of [manifest.config, ...manifest.layers]) {
      expect(sha256(blob(digest))).toBe(digest);
      expect(blob(digest).length).toBe(size);
    }
  });

  test("is loaded by Debian's dockerd with the same image id, and runs there", async () => {
    const first = await pulled([
      busyboxRootfs(),
      tar([{ name: 'who', content: 'first' }]),
      ...(await oddLayers()).slice(0, 1),
    ]);
    const second = await pulled([busyboxRootfs(), tar([{ name: 'who', content: 'second' }])]);
    const file = await save(first.reference, second.reference);
    const reference = await Daemon.start({ engine: 'docker', subnet: 91, flags: ['--iptables=false'] });
    try {
      const [cli] = dockerClis();
      const dockerd = new Client(cli as NonNullable<typeof cli>, reference.host);
      const said = await dockerd.ok(['load', '-i', file]);
      expect(
        said
          .split('\n')
          .filter((line) => line.startsWith('Loaded'))
          .toSorted(),
      ).toEqual([first, second].map(({ reference: name }) => `Loaded image: ${name}`).toSorted());
      for (const { reference: name, id } of [first, second]) {
        expect(await dockerd.ok(['image', 'inspect', '-f', '{{.Id}}', name])).toBe(id);
      }
      expect(await dockerd.ok(['run', '--rm', '--network', 'none', first.reference])).toBe('first');
    } finally {
      await reference.stop();
    }
  }, 120_000);

  test('of another platform is refused, of this one is the whole', async () => {
    const { docker } = await engine();
    const { reference } = await pulled([tar([{ name: 'who', content: 'p' }])]);
    const file = join(workFolder('archive'), 'x.tar');
    const wrong = await docker.run(['save', '-o', file, '--platform', 'linux/s390x', reference]);
    expect(wrong.stderr).toBe(
      'Error response from daemon: no suitable export target found for platform linux/s390x\n',
    );
    const arch = await docker.ok(['version', '-f', '{{.Server.Arch}}']);
    await docker.ok(['save', '-o', file, '--platform', `linux/${arch}`, reference]);
    expect(statSync(file).size).toBeGreaterThan(1024);
  });

  test('of a damaged layer ends with an error, not as a whole one', async () => {
    using _calm = await calm('a cut answer is what is looked for');
    const { docker, daemon } = await engine();
    const content = 'x'.repeat(5000);
    const { reference } = await pulled([
      tar([
        { name: 'victim', content },
        { name: 'other', content: 'o' },
      ]),
    ]);
    const dir = await docker.ok(['image', 'inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', reference]);
    chmodSync(join(dir, 'victim'), 0o600);
    rmSync(join(dir, 'victim'));
    const file = join(workFolder('archive'), 'x.tar');
    const result = await docker.run(['save', '-o', file, reference]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('unexpected EOF');
    expect(readFileSync(daemon.logFile, 'utf8')).toMatch(/a save was cut short.*victim.*it is missing/);
    mkdirSync(join(dir, 'victim'));
    expect((await docker.run(['save', '-o', file, reference])).code).toBe(1);
    await docker.ok(['rmi', reference]);
  });
});
