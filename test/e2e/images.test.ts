import { describe, expect, test } from 'bun:test';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, imageId, push } from '../fixtures/image.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import imageFields from '../fixtures/recorded/image-fields.json' with { type: 'json' };
import { tar } from '../fixtures/tar.ts';

/** Pulls a small image under a name of its own. */
async function small(name = uniqueName('img'), tag = 'latest') {
  const { docker, registry } = await engine();
  const image = buildImage({
    layers: [busyboxRootfs(), tar([{ name: 'who', content: name }])],
    config: {
      Cmd: ['cat', '/who'],
      Env: ['A=b'],
      WorkingDir: '/www',
      User: 'app',
      Labels: { 'org.example.name': name },
      ExposedPorts: { '80/tcp': {} },
      StopSignal: 'SIGINT',
    },
  });
  const reference = `${registry.address}/${name}:${tag}`;
  await push(registry.address, name, tag, image);
  await docker.ok(['pull', '-q', reference]);
  return { reference, image, id: imageId(image) };
}

describe('docker images', () => {
  test('prints its table as Docker does', async () => {
    const { docker } = await engine();
    const { reference, id } = await small();
    const repository = reference.slice(0, reference.lastIndexOf(':'));
    const text = await docker.ok(['images', repository]);
    const [head = '', row = ''] = text.split('\n');
    expect(head).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
    expect(row).toMatch(new RegExp(`^${repository} +latest +${id.slice(7, 19)} +.*ago +[\\d.]+MB$`));
    expect(await docker.ok(['images', '-q', '--no-trunc', repository])).toBe(id);
    expect(await docker.ok(['images', '--digests', '--format', '{{.Digest}}', repository])).toMatch(
      /^sha256:/,
    );
  });

  test('filters by reference, label, before, since and dangling', async () => {
    const { docker } = await engine();
    const { reference } = await small();
    const name = reference.split('/')[1]?.split(':')[0] ?? '';
    const list = (...filters: string[]) =>
      docker.ok([
        'images',
        ...filters.flatMap((filter) => ['--filter', filter]),
        '--format',
        '{{.Repository}}',
      ]);
    const repository = reference.slice(0, reference.lastIndexOf(':'));
    expect(await list(`reference=*/${name}`)).toBe(repository);
    expect(await list(`reference=*/${name}:no*`)).toBe('');
    expect(await list(`label=org.example.name=${name}`)).toBe(repository);
    expect(await list('label=org.example.name=no')).toBe('');
    expect((await list('dangling=false')).split('\n')).toContain(repository);
    const bad = await docker.run(['images', '--filter', 'color=blue']);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/[Ii]nvalid filter '?color/);
  });
});

describe('docker images --tree', () => {
  test('shows an image with its size', async () => {
    const { docker } = await engine();
    if (ENGINE === 'docker' || !docker.cli.name.includes('28')) return; // Old clients know no tree.
    const { id } = await small();
    const row = (await docker.ok(['images', '--tree']))
      .split('\n')
      .find((line) => line.includes(id.slice(7, 19)));
    expect(row).toMatch(/MB/);
  });
});

describe('docker image inspect', () => {
  test('tells what the configuration of the image says', async () => {
    const { docker } = await engine();
    const { reference, image, id } = await small();
    const [inspected] = JSON.parse(await docker.ok(['image', 'inspect', reference])) as [
      Record<string, unknown> & { Config: Record<string, unknown>; RootFS: { Layers: string[] } },
    ];
    expect(inspected).toMatchObject({
      Id: id,
      RepoTags: [reference],
      RepoDigests: [`${reference.slice(0, reference.lastIndexOf(':'))}@${image.manifest.digest}`],
      Created: '2024-05-06T07:08:09.123456789Z',
      Architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      Os: 'linux',
      Author: 'test',
      Config: {
        Cmd: ['cat', '/who'],
        Env: ['A=b'],
        WorkingDir: '/www',
        User: 'app',
        ExposedPorts: { '80/tcp': {} },
        StopSignal: 'SIGINT',
      },
      RootFS: { Type: 'layers' },
      GraphDriver: { Name: 'overlay2' },
    });
    expect(inspected.RootFS.Layers).toHaveLength(2);
  });

  test('has every field of Docker 20.10 at API 1.41', async () => {
    const { daemon, busybox } = await engine();
    const answer = (await daemon.api.get(`/v1.41/images/${busybox}/json`)).json();
    expect(Object.keys(answer).sort()).toEqual(imageFields.sort());
  });

  test('at API 1.55 has what is set, and where the image came from', async () => {
    if (ENGINE === 'docker') return; // 20.10 ends at 1.41.
    const { daemon } = await engine();
    const { reference } = await small();
    const repository = reference.slice(0, reference.lastIndexOf(':'));
    const answer = (await daemon.api.get(`/v1.55/images/${reference}/json`)).json();
    expect(Object.keys(answer).sort()).toEqual([
      ...['Architecture', 'Author', 'Config', 'Created', 'GraphDriver', 'Id', 'Identity', 'Metadata'],
      ...['Os', 'RepoDigests', 'RepoTags', 'RootFS', 'Size'],
    ]);
    expect(answer['Identity']).toEqual({ Pull: [{ Repository: repository }] });
    expect((await daemon.api.get(`/v1.52/images/${reference}/json`)).json()).not.toHaveProperty('Identity');
  });

  test('--platform of another one, and manifests beside a platform, are refused', async () => {
    if (ENGINE === 'docker') return;
    const { docker, daemon } = await engine();
    const { reference } = await small();
    const other = process.arch === 'x64' ? 'linux/arm64' : 'linux/amd64';
    for (const command of ['inspect', 'history', 'rm']) {
      const result = await docker.run(['image', command, '--platform', other, reference]);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(`image with reference ${reference} was found but its platform`);
    }
    const platform = encodeURIComponent('{"os":"linux","architecture":"amd64"}');
    const both = await daemon.api.get(`/v1.49/images/${reference}/json?manifests=1&platform=${platform}`);
    expect([both.status, both.json()]).toEqual([
      400,
      { message: 'conflicting options: manifests and platform options cannot both be set' },
    ]);
    const identity = await daemon.api.get('/v1.54/images/json?identity=1');
    expect(identity.json()).toEqual({ message: 'conflicting options: identity requires manifests=1' });
  });

  test('of an unknown one', async () => {
    const { docker } = await engine();
    const result = await docker.run(['image', 'inspect', 'nothing:here']);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/No such image: nothing:here/);
  });
});

describe('docker rmi', () => {
  test('untags and deletes, and says what', async () => {
    const { docker } = await engine();
    const { reference, image, id } = await small();
    const lines = (await docker.ok(['rmi', reference])).split('\n');
    expect(lines[0]).toBe(`Untagged: ${reference}`);
    expect(lines[1]).toBe(
      `Untagged: ${reference.slice(0, reference.lastIndexOf(':'))}@${image.manifest.digest}`,
    );
    expect(lines[2]).toBe(`Deleted: ${id}`);
    expect(lines.slice(3).every((line) => /^Deleted: sha256:[0-9a-f]{64}$/.test(line))).toBe(true);
    expect((await docker.run(['image', 'inspect', reference])).code).toBe(1);
  });

  test('refuses one in use, by a running container even with -f', async () => {
    const { docker } = await engine();
    const { reference, id } = await small();
    const container = await docker.ok(['create', reference]);
    await using _box = removing(docker, container);
    const refused = await docker.run(['rmi', reference]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      `conflict: unable to remove repository reference "${reference}" (must force) - container ${container.slice(0, 12)} is using its referenced image ${id.slice(7, 19)}`,
    );
    const running = await docker.ok(['run', '-d', reference, 'sleep', '1000']);
    await using _other = removing(docker, running);
    const forced = await docker.run(['rmi', '-f', id]);
    expect(forced.code).toBe(1);
    expect(forced.stderr).toMatch(/cannot be forced\) - image is being used by running container/);
  });

  test('of one with two tags only untags', async () => {
    const { docker, registry } = await engine();
    const first = await small();
    const second = `${registry.address}/${first.reference.split('/')[1]?.split(':')[0]}:two`;
    await push(registry.address, first.reference.split('/')[1]?.split(':')[0] ?? '', 'two', first.image);
    await docker.ok(['pull', '-q', second]);
    const byId = await docker.run(['rmi', first.id]);
    expect(byId.code === 0 || /must be forced/.test(byId.stderr)).toBe(true);
    if (byId.code === 0) return;
    expect(await docker.ok(['rmi', second])).toBe(`Untagged: ${second}`);
    expect(await docker.ok(['run', '--rm', '-u', '0', first.reference])).toMatch(/^img-/);
  });

  test('of an unknown one', async () => {
    const { docker } = await engine();
    const result = await docker.run(['rmi', 'nothing:here']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('No such image: nothing:here');
  });
});

describe('an image gives its containers', () => {
  test('user, working directory, environment and stop signal', async () => {
    const { docker } = await engine();
    const { reference } = await small();
    expect(await docker.ok(['run', '--rm', reference, 'sh', '-c', 'id -un; pwd; echo $A'])).toBe(
      'app\n/www\nb',
    );
    const id = await docker.ok(['create', reference]);
    await using _box = removing(docker, id);
    expect(await docker.ok(['inspect', '-f', '{{.Config.StopSignal}} {{.Config.ExposedPorts}}', id])).toBe(
      'SIGINT map[80/tcp:{}]',
    );
  });
});
