import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { dockerd, endDockerd, HAS_DOCKERD } from '../fixtures/dockerd.ts';
import { engine } from '../fixtures/engine.ts';
import { workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { untar } from '../fixtures/untar.ts';

/** `docker diff`, `export` and `commit`. */
const box = uniqueName('commit');
let folder: string;
let plain: string;

const SCRIPT = [
  'mkdir -p /new/sub; echo new >/new/sub/file; ln /new/sub/file /new/hard; ln -s sub/file /new/link',
  'echo changed >/etc/plain-file; rm /www/index.html; chmod 700 /home/app',
  'rm -rf /home/app; mkdir /home/app; echo again >/home/app/again; chown 1000:1000 /home/app/again',
  'echo x >>/etc/group; touch -r /etc/passwd /tmp/stamp; chmod 4711 /new/sub/file',
  'mkfifo /new/fifo; mknod /new/null c 1 3; echo in >/vol/not-in-the-image',
].join('; ');

beforeAll(async () => {
  const { docker, busybox } = await engine();
  folder = workFolder('commit');
  plain = join(folder, 'plain');
  await docker.ok([
    ...['run', '--name', box, '-v', '/vol', '-e', 'OWN=1', '-l', 'own=1', '--cap-add', 'MKNOD', busybox],
    ...['sh', '-c', SCRIPT],
  ]);
});
afterAll(async () => {
  const { docker } = await engine();
  await docker.run(['rm', '-f', '-v', box]);
});

/** Standard output of a docker command as bytes. */
async function bytes(args: string[], to: string): Promise<Buffer> {
  const { docker, daemon } = await engine();
  execFileSync('sh', ['-c', `exec "$0" "$@" >${to}`, docker.cli.program, ...args], {
    env: { ...process.env, DOCKER_HOST: daemon.host },
  });
  return readFileSync(to);
}

describe('docker diff', () => {
  test('tells what was added, changed and deleted, and nothing of volumes', async () => {
    const { docker } = await engine();
    const lines = (await docker.ok(['diff', box])).split('\n').sort();
    expect(lines).toEqual(
      [
        ...['A /home/app/again', 'A /new', 'A /new/fifo', 'A /new/hard', 'A /new/link', 'A /new/null'],
        ...['A /new/sub', 'A /new/sub/file', 'A /tmp/stamp', 'A /vol'],
        ...['C /etc', 'C /etc/group', 'C /etc/plain-file', 'C /home', 'C /home/app', 'C /tmp', 'C /www'],
        'D /www/index.html',
      ].sort(),
    );
  });

  test('a container that changed nothing has none; a change of attributes alone is one', async () => {
    const { docker, busybox, daemon } = await engine();
    const name = uniqueName();
    await docker.ok(['create', '--name', name, busybox, 'chmod', '640', '/etc/group']);
    await using _box = removing(docker, name);
    expect(await docker.ok(['diff', name])).toBe('');
    expect((await daemon.api.get(`/containers/${name}/changes`)).json()).toBeNull();
    await docker.ok(['start', '-a', name]);
    expect((await docker.ok(['diff', name])).split('\n').sort()).toEqual(['C /etc', 'C /etc/group']);
    expect((await daemon.api.get('/containers/nobody/changes')).status).toBe(404);
  });
});

describe('docker export', () => {
  test('is the tree of the container, without what is in volumes', async () => {
    const { docker } = await engine();
    await docker.ok(['export', '-o', plain, box]);
    const members = new Map(untar(readFileSync(plain)).map((member) => [member.name, member]));
    expect(members.get('etc/plain-file')?.content).toBe('changed\n');
    expect(members.get('new/sub/file')).toMatchObject({ type: '1', link: 'new/hard', mode: 0o4711 });
    expect(members.get('new/link')).toMatchObject({ type: '2', link: 'sub/file' });
    expect(members.get('new/fifo')?.type).toBe('6');
    expect(members.get('new/null')?.type).toBe('3');
    expect(members.get('home/app/again')).toMatchObject({ uid: 1000, gid: 1000 });
    expect(members.has('vol/')).toBe(true);
    expect(members.has('.dockerenv')).toBe(true);
    for (const gone of ['www/index.html', 'vol/not-in-the-image', '/', './'])
      expect(members.has(gone)).toBe(false);
    expect(await bytes(['export', box], join(folder, 'again'))).toEqual(readFileSync(plain));
    execFileSync('tar', ['-tf', plain]);
  });
});

describe('docker commit', () => {
  test('makes an image that has all of it, and the metadata that was asked for', async () => {
    const { docker } = await engine();
    const name = `${uniqueName('made')}:v1`;
    const stopSignal = ENGINE === 'docker' ? [] : ['-c', 'STOPSIGNAL SIGINT'];
    const id = await docker.ok([
      ...['commit', '-a', 'Somebody', '-m', 'a message', '-c', 'CMD ["cat","/new/hard"]'],
      ...[
        '-c',
        'ENV OWN=2 PATH=$PATH:/more',
        '-c',
        'LABEL added=yes',
        '-c',
        'EXPOSE 80',
        '-c',
        'WORKDIR sub',
      ],
      ...['-c', 'USER app', '-c', 'VOLUME /data', '-c', 'ONBUILD RUN true', ...stopSignal, box, name],
    ]);
    await using _image = { [Symbol.asyncDispose]: async () => void (await docker.run(['rmi', '-f', name])) };
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    const [image] = JSON.parse(await docker.ok(['image', 'inspect', name])) as [Record<string, never>];
    expect(image).toMatchObject({ Id: id, Author: 'Somebody', Comment: 'a message', RepoTags: [name] });
    expect(image['Config']).toMatchObject({
      Cmd: ['cat', '/new/hard'],
      Env: ['OWN=2', 'PATH=/bin:/usr/bin:/more', 'FROM_IMAGE=yes'],
      Labels: { added: 'yes', own: '1', 'org.example.image': 'busybox' },
      ExposedPorts: { '80/tcp': {} },
      WorkingDir: '/sub',
      User: 'app',
      Volumes: { '/data': {} },
      // Compat: 20.10 does not take it.
      ...(ENGINE === 'docker' ? {} : { StopSignal: 'SIGINT' }),
      OnBuild: ['RUN true'],
    });
    const [top] = (
      await docker.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Comment}}', name])
    ).split('\n');
    expect(top).toBe(`sh -c ${SCRIPT}|a message`);
    const run = (...command: string[]) => docker.ok(['run', '--rm', '-u', 'root', name, ...command]);
    expect(await run()).toBe('new');
    expect(
      await run('sh', '-c', 'ls -l /new/hard | cut -c1-10; ls /www /home/app; ls -A /vol; echo $OWN'),
    ).toBe('-rws--x--x\n/home/app:\nagain\n\n/www:\n2');
    const events = await docker.ok([
      ...[
        'events',
        '--since',
        '1h',
        '--until',
        String(Math.ceil(Date.now() / 1000)),
        '--filter',
        `container=${box}`,
      ],
      ...[
        '--filter',
        'event=commit',
        '--format',
        '{{.Actor.Attributes.imageID}} {{.Actor.Attributes.imageRef}}',
      ],
    ]);
    expect(events).toBe(`${id} ${name}`);
  });

  test('an entry point takes the command away; without a name it has none; nothing changed is no layer', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await docker.ok(['create', '--name', name, busybox, 'echo', 'x']);
    await using _box = removing(docker, name);
    const id = await docker.ok(['commit', '-c', 'ENTRYPOINT ["echo","y"]', name]);
    try {
      const field = (ref: string, format: string) => docker.ok(['image', 'inspect', '-f', format, ref]);
      expect(await field(id, '{{json .RepoTags}} {{json .Config.Cmd}} {{json .Config.Entrypoint}}')).toBe(
        '[] null ["echo","y"]',
      );
      expect(await field(id, '{{json .RootFS.Layers}}')).toBe(
        await field(busybox, '{{json .RootFS.Layers}}'),
      );
      expect(await docker.ok(['run', '--rm', id])).toBe('y');
      const wrong = await docker.run(['commit', '-c', 'RUN true', name]);
      expect([wrong.code, wrong.stderr]).toEqual([
        1,
        expect.stringContaining('run is not a valid change command'),
      ]);
    } finally {
      await docker.run(['rmi', '-f', id]);
    }
  });

  test('a running container is frozen meanwhile and goes on; --pause=false does not freeze; a paused one stays so', async () => {
    using _calm = await calm('events are counted, and a commit that is made again has its own');
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await docker.ok(['run', '-d', '--name', name, busybox, 'sh', '-c', 'echo live >/live; sleep 1000']);
    await using _box = removing(docker, name);
    await docker.ok(['exec', name, 'sh', '-c', 'until test -s /live; do :; done']);
    const made: string[] = [];
    const status = () => docker.ok(['inspect', '-f', '{{.State.Status}}', name]);
    try {
      made.push(await docker.ok(['commit', name]));
      expect(await status()).toBe('running');
      made.push(await docker.ok(['commit', '--pause=false', name]));
      await docker.ok(['pause', name]);
      made.push(await docker.ok(['commit', name]));
      expect(await status()).toBe('paused');
      await docker.ok(['unpause', name]);
      for (const id of made) expect(await docker.ok(['run', '--rm', id, 'cat', '/live'])).toBe('live');
      const actions = await docker.ok([
        ...[
          'events',
          '--since',
          '1h',
          '--until',
          String(Math.ceil(Date.now() / 1000)),
          '--filter',
          `container=${name}`,
        ],
        ...['--format', '{{.Action}}', '--filter', 'event=pause', '--filter', 'event=unpause'],
        ...['--filter', 'event=commit'],
      ]);
      expect(actions.split('\n').filter((action) => action === 'pause')).toHaveLength(2);
      expect(actions.split('\n').filter((action) => action === 'unpause')).toHaveLength(2);
      expect(actions.split('\n').filter((action) => action === 'commit')).toHaveLength(3);
    } finally {
      for (const id of made) await docker.run(['rmi', '-f', id]);
    }
  });

  test.skipIf(!HAS_DOCKERD || ENGINE === 'docker')(
    'dockerd 20.10 loads what is saved of it, and runs it',
    async () => {
      const { docker } = await engine();
      const name = `${uniqueName('to-docker')}:v1`;
      await docker.ok(['commit', '-c', 'CMD ["cat","/new/hard","/etc/plain-file"]', box, name]);
      const archive = join(folder, 'saved.tar');
      await docker.ok(['save', '-o', archive, name]);
      const daemon = dockerd({ subnet: 91 });
      try {
        await daemon.start();
        const other = new Client(docker.cli, daemon.host);
        expect(await other.ok(['load', '-i', archive])).toContain(`Loaded image: ${name}`);
        expect(await other.ok(['run', '--rm', '--network', 'none', name])).toBe('new\nchanged');
        expect(
          await other.ok(['run', '--rm', '--network', 'none', name, 'ls', '-A', '/www', '/home/app']),
        ).toBe('/home/app:\nagain\n\n/www:');
        const id = (client: Client) => client.ok(['image', 'inspect', '-f', '{{.Id}}', name]);
        expect(await id(other)).toBe(await id(docker));
        await other.run(['rmi', '-f', name]);
      } finally {
        await endDockerd(daemon);
        await docker.run(['rmi', '-f', name]);
      }
    },
  );
});
