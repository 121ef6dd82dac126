import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';
import { untar } from '../fixtures/untar.ts';

/** `docker cp` and the archive routes, on a container that runs and on one that does not. */
const running = uniqueName('cp-run');
const stopped = uniqueName('cp-stop');
const volume = uniqueName('cp-volume');
let folder: string;

const SCRIPT = [
  'mkdir -p /srv/deep/er /srv/empty',
  'echo one >/srv/one; echo two >/srv/deep/two; chown 7:8 /srv/deep/two; chmod 4750 /srv/deep/two',
  'ln -s one /srv/link; ln -s /srv/deep /srv/to-deep; ln -s /nowhere /srv/broken; ln /srv/one /srv/hard',
  'mkfifo /srv/fifo; echo inside >/vol/inside',
].join('; ');

beforeAll(async () => {
  const { docker, busybox } = await engine();
  folder = workFolder('copy');
  const flags = ['-v', `${volume}:/vol`, '-v', `${volume}:/vol-ro:ro`];
  await docker.ok(['run', '-d', '--name', running, ...flags, busybox, 'sh', '-c', `${SCRIPT}; sleep 1000`]);
  await docker.ok(['run', '--name', stopped, ...flags, busybox, 'sh', '-c', SCRIPT]);
  await docker.ok(['exec', running, 'sh', '-c', 'until test -s /vol/inside; do :; done']);
});
afterAll(async () => {
  const { docker } = await engine();
  await docker.run(['rm', '-f', running, stopped]);
  await docker.run(['volume', 'rm', volume]);
});

const both = (title: string, run: (name: string) => Promise<void>) => {
  test(`${title}, of a running container`, () => run(running));
  test(`${title}, of a stopped container`, () => run(stopped));
};
const path = (name: string, where: string) => `/containers/${name}/archive?path=${encodeURIComponent(where)}`;

describe('docker cp out of a container', () => {
  both('files, folders, links and modes come as they are', async (name) => {
    const { docker } = await engine();
    const to = join(folder, uniqueName());
    await docker.ok(['cp', '-q', `${name}:/srv`, to]);
    expect(readdirSync(to).sort()).toEqual(
      ['broken', 'deep', 'empty', 'fifo', 'hard', 'link', 'one', 'to-deep'].sort(),
    );
    expect(readFileSync(join(to, 'one'), 'utf8')).toBe('one\n');
    expect(statSync(join(to, 'deep/two')).mode & 0o7777).toBe(0o4750);
    expect(readlinkSync(join(to, 'to-deep'))).toBe('/srv/deep');
    expect(statSync(join(to, 'one')).ino).toBe(statSync(join(to, 'hard')).ino);
    expect(lstatSync(join(to, 'fifo')).isFIFO()).toBe(true);
    expect(existsSync(join(to, 'deep/er'))).toBe(true);
  });

  both('a volume is seen as inside; a link is one unless -L says otherwise', async (name) => {
    const { docker } = await engine();
    const to = join(folder, uniqueName());
    mkdirSync(to);
    await docker.ok(['cp', `${name}:/vol/inside`, to]);
    expect(readFileSync(join(to, 'inside'), 'utf8')).toBe('inside\n');
    await docker.ok(['cp', `${name}:/srv/link`, to]);
    expect(readlinkSync(join(to, 'link'))).toBe('one');
    await docker.ok(['cp', '-L', `${name}:/srv/to-deep`, join(to, 'followed')]);
    expect(readFileSync(join(to, 'followed/two'), 'utf8')).toBe('two\n');
    await docker.ok(['cp', `${name}:/srv/deep/.`, to]);
    expect(readFileSync(join(to, 'two'), 'utf8')).toBe('two\n');
    const missing = await docker.run(['cp', `${name}:/srv/nothing`, to]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('Could not find the file')]);
  });

  both('- gives the archive, with the names that Docker uses', async (name) => {
    const { docker, daemon } = await engine();
    const names = async (where: string) => {
      const to = join(folder, uniqueName());
      execFileSync('sh', ['-c', `${docker.cli.program} cp "$1" - >"$2"`, 'sh', `${name}:${where}`, to], {
        env: { ...process.env, DOCKER_HOST: daemon.host },
      });
      return untar(readFileSync(to)).map((member) => member.name);
    };
    expect(await names('/srv/deep')).toEqual(['deep/', 'deep/er/', 'deep/two']);
    expect(await names('/srv/deep/.')).toEqual(['./', './er/', './two']);
    expect(await names('/srv/to-deep/')).toEqual(['to-deep/', 'to-deep/er/', 'to-deep/two']);
    expect(await names('/srv/one')).toEqual(['one']);
    expect(await names('/srv/link')).toEqual(['link']);
    const root = await names('/');
    expect(root[0]).toBe('/');
    expect(root).toContain('/srv/deep/two');
    expect(root).toContain('/vol/inside');
  });
});

describe('the archive routes', () => {
  both('HEAD and GET tell what is there', async (name) => {
    const { daemon } = await engine();
    const stat = async (method: string, where: string) => {
      const answer = await daemon.api.send(method, path(name, where));
      const header = String(answer.headers['x-docker-container-path-stat'] ?? '');
      return [answer.status, header && JSON.parse(Buffer.from(header, 'base64').toString())];
    };
    for (const method of ['HEAD', 'GET']) {
      expect(await stat(method, '/srv/one')).toMatchObject([
        200,
        { name: 'one', size: 4, mode: 0o644, linkTarget: '' },
      ]);
      expect(await stat(method, '/srv/deep')).toMatchObject([200, { name: 'deep', mode: 2 ** 31 + 0o755 }]);
      expect(await stat(method, '/srv/deep/two')).toMatchObject([200, { mode: 2 ** 23 + 0o750 }]);
      expect(await stat(method, '/srv/to-deep')).toMatchObject([
        200,
        { name: 'to-deep', mode: 2 ** 27 + 0o777, linkTarget: '/srv/deep' },
      ]);
      expect(await stat(method, '/srv/broken')).toMatchObject([200, { linkTarget: '/nowhere' }]);
      expect((await stat(method, '/srv/nothing'))[0]).toBe(404);
    }
    const missing = await daemon.api.get(path(name, '/srv/nothing'));
    expect(missing.json()).toEqual({ message: `Could not find the file /srv/nothing in container ${name}` });
    expect((await daemon.api.get(`/containers/${name}/archive`)).status).toBe(400);
    expect((await daemon.api.get(path('nobody', '/'))).status).toBe(404);
  });

  both('PUT unpacks what is compressed, and keeps kinds if asked to', async (name) => {
    const { daemon } = await engine();
    const put = (where: string, body: Buffer, more = '') =>
      daemon.api.send('PUT', `${path(name, where)}${more}`, { body });
    const archive = tar([{ name: 'packed', content: 'packed\n', uid: 5, gid: 6, mode: 0o600 }]);
    const programs = { gzip: ['-c'], xz: ['-c'], bzip2: ['-c'], ...(ENGINE === 'minke' && { zstd: ['-c'] }) };
    for (const [program, args] of [['cat', []] as const, ...Object.entries(programs)]) {
      const body = execFileSync(program, [...args], { input: archive });
      expect([(await put('/srv/empty', body)).status, program]).toEqual([200, program]);
      const back = await daemon.api.get(path(name, '/srv/empty/packed'));
      expect(untar(Buffer.from(back.text))[0]).toMatchObject({ uid: 5, gid: 6, mode: 0o600 });
    }
    const clash = tar([{ name: 'deep', content: 'a file' }]);
    const refused = await put('/srv', clash, '&noOverwriteDirNonDir=1');
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.text).toContain('cannot overwrite directory');
    const other = await put('/srv', tar([{ name: 'one', type: 'dir' }]), '&noOverwriteDirNonDir=1');
    expect(other.text).toContain('cannot overwrite non-directory');
    expect((await put('/srv/nothing', archive)).status).toBe(404);
    expect((await put('/srv/one', archive)).status).toBeGreaterThanOrEqual(400);
    expect((await put('/srv', Buffer.from('no archive at all'.repeat(100)))).status).toBeGreaterThanOrEqual(
      400,
    );
    expect((await put('/srv/empty', Buffer.alloc(0))).status).toBe(200);
    const out = await put('/srv/empty', tar([{ name: '../../../../../tmp/out', content: 'x' }]));
    expect(out.status).toBeGreaterThanOrEqual(400);
    const link = await put('/srv/empty', tar([{ name: 'l', type: 'symlink', link: '../../../x' }]));
    expect(link.text).toContain('invalid symlink');
  });
});

describe('docker cp into a container', () => {
  both('files and folders arrive, with the rules for slashes', async (name) => {
    const { docker } = await engine();
    const from = join(folder, uniqueName());
    mkdirSync(join(from, 'tree/sub'), { recursive: true });
    writeFileSync(join(from, 'tree/sub/file'), 'content\n', { mode: 0o640 });
    symlinkSync('sub/file', join(from, 'tree/link'));
    const id = uniqueName();
    const at = `/srv/${id}`;
    await docker.ok(['cp', join(from, 'tree'), `${name}:${at}`]);
    await docker.ok(['cp', join(from, 'tree'), `${name}:${at}`]);
    await docker.ok(['cp', `${from}/tree/.`, `${name}:${at}/sub`]);
    await docker.ok(['cp', join(from, 'tree/sub/file'), `${name}:${at}/renamed`]);
    await docker.ok(['cp', '-L', join(from, 'tree/link'), `${name}:${at}/followed`]);
    await docker.ok(['cp', join(from, 'tree/sub/file'), `${name}:/vol/${id}`]);
    const toFile = await docker.run(['cp', join(from, 'tree'), `${name}:${at}/renamed`]);
    expect([toFile.code, toFile.stderr]).toEqual([1, expect.stringContaining('cannot copy directory')]);
    const toNowhere = await docker.run(['cp', join(from, 'tree/sub/file'), `${name}:${at}/none/`]);
    expect([toNowhere.code, toNowhere.stderr]).toEqual([1, expect.stringContaining('no such directory')]);
    const back = join(folder, uniqueName());
    await docker.ok(['cp', `${name}:${at}`, back]);
    const found = execFileSync('sh', ['-c', 'find . -type f -o -type l | sort'], {
      cwd: back,
      encoding: 'utf8',
    });
    expect(found.trim().split('\n')).toEqual([
      './followed',
      './link',
      './renamed',
      './sub/file',
      './sub/link',
      './sub/sub/file',
      './tree/link',
      './tree/sub/file',
    ]);
    expect(lstatSync(join(back, 'followed')).isFile()).toBe(true);
    expect(statSync(join(back, 'renamed')).mode & 0o777).toBe(0o640);
    expect(
      await docker.ok(['run', '--rm', '-v', `${volume}:/v`, (await engine()).busybox, 'cat', `/v/${id}`]),
    ).toBe('content');
  });

  both('a volume that is read-only refuses', async (name) => {
    const { docker } = await engine();
    const from = join(folder, 'to-read-only');
    writeFileSync(from, 'x');
    const refused = await docker.run(['cp', from, `${name}:/vol-ro/x`]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('mounted volume is marked read-only'),
    ]);
  });

  test('a root that is read-only refuses, its volumes do not; -a gives the user of the container', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName('cp-ro');
    await docker.ok(['create', '--name', name, '--read-only', '-u', 'app', '-v', '/data', busybox, 'true']);
    const from = join(folder, 'to-read-only');
    writeFileSync(from, 'x');
    try {
      const refused = await docker.run(['cp', from, `${name}:/x`]);
      expect(refused.stderr).toContain('container rootfs is marked read-only');
      await docker.ok(['cp', from, `${name}:/data/plain`]);
      const daemon = (await engine()).daemon;
      const owner = async (where: string) => {
        const [member] = untar(Buffer.from((await daemon.api.get(path(name, where))).text));
        return [member?.uid, member?.gid];
      };
      expect(await owner('/data/plain')).toEqual([0, 0]);
      // Compat: 20.10 looks for the user on the host.
      if (ENGINE === 'docker') return;
      await docker.ok(['cp', '-a', from, `${name}:/data/owned`]);
      expect(await owner('/data/owned')).toEqual([1000, 1000]);
    } finally {
      await docker.run(['rm', '-f', '-v', name]);
    }
  });

  test.skipIf(ENGINE === 'docker')('mounted images and parts of volumes are seen as inside', async () => {
    const { docker, busybox, daemon } = await engine();
    const name = uniqueName('cp-mounts');
    await docker.ok(['exec', running, 'sh', '-c', 'mkdir -p /vol/part; echo part >/vol/part/file']);
    await docker.ok([
      ...['create', '--name', name, '--mount', `type=image,src=${busybox},dst=/img`],
      ...['--mount', `type=volume,src=${volume},dst=/part,volume-subpath=part`, busybox, 'true'],
    ]);
    try {
      const content = async (where: string) =>
        untar(Buffer.from((await daemon.api.get(path(name, where))).text))[0]?.content;
      expect(await content('/img/etc/plain-file')).toBe('not a program\n');
      expect(await content('/part/file')).toBe('part\n');
      const body = tar([{ name: 'x', content: 'x' }]);
      const refused = await daemon.api.send('PUT', path(name, '/img/etc'), { body });
      expect(refused.text).toContain('mounted volume is marked read-only');
      expect((await daemon.api.send('PUT', path(name, '/part'), { body })).status).toBe(200);
      expect(await docker.ok(['exec', running, 'cat', '/vol/part/x'])).toBe('x');
    } finally {
      await docker.run(['rm', '-f', name]);
    }
  });

  test('a link in the image leads within the container: /var/run -> /run', async () => {
    const { docker } = await engine();
    await docker.ok(['exec', running, 'sh', '-c', 'mkdir /run; rm -rf /var/run; ln -s /run /var/run']);
    const from = join(folder, 'pid');
    writeFileSync(from, '42\n');
    await docker.ok(['cp', from, `${running}:/var/run/pid`]);
    expect(await docker.ok(['exec', running, 'cat', '/run/pid'])).toBe('42');
    expect(existsSync('/run/pid')).toBe(false);
  });

  test('events tell of each copy', async () => {
    const { docker } = await engine();
    const name = uniqueName('cp-events');
    await docker.ok(['create', '--name', name, (await engine()).busybox, 'true']);
    const from = join(folder, 'event');
    writeFileSync(from, '1');
    await docker.ok(['cp', from, `${name}:/x`]);
    await docker.ok(['cp', `${name}:/x`, join(folder, 'event-back')]);
    const until = String(Math.ceil(Date.now() / 1000) + 1);
    const text = await docker.ok([
      ...['events', '--since', '1h', '--until', until, '--filter', `container=${name}`],
      ...['--format', '{{.Action}}'],
    ]);
    await docker.ok(['rm', name]);
    expect(text.split('\n')).toEqual(['create', 'extract-to-dir', 'archive-path']);
  });
});
