import { describe, expect, test } from 'bun:test';
import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { pullSmall } from '../fixtures/small-image.ts';

async function run(flags: string[], script: string) {
  const { docker, busybox } = await engine();
  return docker.run(['run', '--rm', ...flags, busybox, 'sh', '-c', script]);
}

async function output(flags: string[], script: string): Promise<string> {
  const { code, stdout, stderr } = await run(flags, script);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trimEnd();
}

describe('binds', () => {
  test('spread mounts as asked, if the source lies on a mount that spreads', async () => {
    const folder = workFolder('spread');
    await sh(`mount --bind ${folder} ${folder} && mount --make-private ${folder}`);
    try {
      const flat = await run(['-v', `${folder}:/x:shared`], 'true');
      expect(flat.stderr).toContain(`path ${folder} is mounted on ${folder} but it is not a shared mount`);
      const slave = await run(['--mount', `type=bind,src=${folder},dst=/x,bind-propagation=rslave`], 'true');
      expect(slave.stderr).toContain(
        `path ${folder} is mounted on ${folder} but it is not a shared or slave mount`,
      );
      await sh(`mount --make-shared ${folder} && mkdir ${folder}/sub`);
      const { docker, busybox } = await engine();
      const name = uniqueName();
      await using _box = removing(docker, name);
      await docker.ok([
        'run',
        '-d',
        '--name',
        name,
        '--cap-add',
        'SYS_ADMIN',
        '--security-opt',
        'seccomp=unconfined',
        '-v',
        `${folder}:/shared:rshared`,
        '-v',
        `${folder}:/slave:rslave`,
        '-v',
        `${folder}:/private`,
        busybox,
        'sleep',
        '100',
      ]);
      await sh(`mount -t tmpfs -o size=1m seen ${folder}/sub`);
      const script = 'for i in shared slave private; do grep -c " /$i/sub " /proc/mounts; done; true';
      expect(await docker.ok(['exec', name, 'sh', '-c', script])).toBe('1\n1\n0');
      await sh(`umount ${folder}/sub`);
      await docker.ok(['exec', name, 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'inner', '/shared/sub']);
      expect(await sh(`grep -c "inner ${folder}/sub" /proc/self/mounts`)).toBe('1');
      await sh(`umount ${folder}/sub`);
    } finally {
      await sh(`umount -R ${folder}`);
    }
  });

  test('of the data-root are slaves, or shared, and nothing else', async () => {
    const { daemon } = await engine();
    const inside = join(daemon.dataRoot, 'tmp-bind');
    mkdirSync(inside, { recursive: true });
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['create', '--name', name, '-v', `${inside}:/x`, busybox, 'true']);
    expect(await docker.ok(['inspect', '-f', '{{(index .Mounts 0).Propagation}}', name])).toBe('rslave');
    expect((await docker.run(['start', '-a', name])).code).toBe(0);
    const refused = await run(['-v', `${inside}:/x:private`], 'true');
    expect(refused.stderr).toContain(
      'must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root',
    );
  });

  test('read-only reaches what is mounted below, unless told otherwise', async () => {
    const folder = workFolder('recursive');
    mkdirSync(join(folder, 'sub'));
    await sh(`mount -t tmpfs -o size=1m below ${folder}/sub`);
    try {
      const script =
        'touch /x/a 2>/dev/null && echo top; touch /x/sub/a 2>/dev/null && echo below; grep -c " /x/sub " /proc/mounts; true';
      const mount = (more: string) => output(['--mount', `type=bind,src=${folder},dst=/x${more}`], script);
      expect(await mount('')).toBe('top\nbelow\n1');
      if (ENGINE === 'docker') return;
      expect(await mount(',readonly')).toBe('1');
      expect(await mount(',readonly,bind-recursive=writable')).toBe('below\n1');
      expect(await mount(',readonly,bind-recursive=disabled')).toBe('0');
      expect(await mount(',readonly,bind-recursive=readonly,bind-propagation=rprivate')).toBe('1');
    } finally {
      await sh(`umount ${folder}/sub`);
    }
  });

  test.skipIf(ENGINE === 'docker')('with idmap the files belong to the container’s user', async () => {
    const folder = workFolder('idmap');
    writeFileSync(join(folder, 'theirs'), 'x');
    chownSync(folder, 4321, 4322);
    chownSync(join(folder, 'theirs'), 4321, 4322);
    const script = 'stat -c "%u %g" /x /x/theirs; echo y >> /x/theirs && touch /x/new && echo wrote';
    expect(await output(['-u', 'app', '-v', `${folder}:/x:idmap`], script)).toBe(
      '1000 1000\n1000 1000\nwrote',
    );
    const { uid, gid } = statSync(join(folder, 'new'));
    expect([uid, gid]).toEqual([4321, 4322]);
    // Without it, the user is a stranger.
    expect((await run(['-u', 'app', '-v', `${folder}:/x`], 'touch /x/no')).code).toBe(1);
    expect((await run(['-v', `data:/x:idmap`], 'true')).stderr).toContain(
      'field BindOptions must not be specified',
    );
  });

  test('of what is mounted read-only stay so', async () => {
    const folder = workFolder('flat');
    await sh(`mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder}`);
    try {
      expect((await run(['-v', `${folder}:/x`], 'touch /x/f')).stderr).toContain('Read-only file system');
    } finally {
      await sh(`umount ${folder}`);
    }
  });

  test('a source is made by -v, and by --mount only if told', async () => {
    const folder = workFolder('source');
    await output(['-v', `${folder}/a:/x`], 'true');
    expect(statSync(join(folder, 'a')).isDirectory()).toBe(true);
    const missing = await run(['--mount', `type=bind,src=${folder}/b,dst=/x`], 'true');
    expect(missing.stderr).toContain(`bind source path does not exist: ${folder}/b`);
  });
});

describe('volumes', () => {
  test('nocopy leaves a new volume empty', async () => {
    const { docker } = await engine();
    const [full, bare] = [uniqueName(), uniqueName()];
    expect(await output(['-v', `${full}:/www`], 'ls /www')).toBe('index.html');
    expect(await output(['-v', `${bare}:/www:nocopy`], 'ls /www')).toBe('');
    await docker.ok(['volume', 'rm', full, bare]);
  });

  test.skipIf(ENGINE === 'docker')('volume-subpath mounts a part, which links cannot leave', async () => {
    const { docker } = await engine();
    const name = uniqueName();
    await output(
      ['-v', `${name}:/v`],
      'mkdir -p /v/a/b && echo in > /v/a/b/file && ln -s /etc /v/out && ln -s a/b /v/link && ln -s ../../../../../etc /v/up',
    );
    const mount = (subpath: string) => [
      '--mount',
      `type=volume,src=${name},dst=/x,volume-subpath=${subpath}`,
    ];
    expect(await output(mount('a/b'), 'cat /x/file')).toBe('in');
    expect(await output(mount('a/b/file'), 'cat /x')).toBe('in');
    expect(await output(mount('link'), 'ls /x')).toBe('file');
    for (const path of ['out', 'up', 'nowhere']) {
      const refused = await run(mount(path), 'ls /x');
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('cannot access path');
    }
    expect((await run(mount('../x'), 'true')).stderr).toContain(
      'subpath must be a relative path within the volume',
    );
    await docker.ok(['volume', 'rm', name]);
  });

  test('--volumes-from takes them over, read-only if asked', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '--name', name, '-v', '/data', busybox, 'sh', '-c', 'echo kept > /data/f']);
    const script = 'cat /data/f; touch /data/g 2>/dev/null && echo wrote; true';
    expect(await output(['--volumes-from', name], script)).toBe('kept\nwrote');
    expect(await output(['--volumes-from', `${name}:ro`], script)).toBe('kept');
  });
});

describe.skipIf(ENGINE === 'docker')('images as mounts', () => {
  test('show their files, or a part, and cannot be changed', async () => {
    const { docker, busybox } = await engine();
    const small = await pullSmall({ content: 'of the small one' });
    const mount = (image: string, more = '') => ['--mount', `type=image,src=${image},dst=/i${more}`];
    expect(await output(mount(small.reference), 'cat /i/who; touch /i/x 2>/dev/null || echo ro; ls /i')).toBe(
      'of the small oneread-only\nwho'.replace('read-only', 'ro'),
    );
    // Of several layers, and a part of them.
    expect(await output(mount(busybox), 'cat /i/etc/second-layer; ls -d /i/etc/passwd')).toBe(
      'two\n/i/etc/passwd',
    );
    expect(await output(mount(busybox, ',image-subpath=www'), 'ls /i')).toBe('index.html');
    expect((await run(mount(busybox, ',image-subpath=nowhere'), 'true')).stderr).toContain(
      'cannot access path',
    );
    expect((await run(mount('no/such:image'), 'true')).stderr).toContain('No such image');
    await docker.ok(['rmi', small.reference]);
  });

  test('keep the image in use, and its layers over a forced removal and a restart', async () => {
    const { docker, daemon, busybox } = await engine();
    const small = await pullSmall();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok([
      'create',
      '--name',
      name,
      '--mount',
      `type=image,src=${small.reference},dst=/i`,
      busybox,
      'ls',
      '/i',
    ]);
    const mounts = JSON.parse(await docker.ok(['inspect', '-f', '{{json .Mounts}}', name])) as object[];
    expect(mounts).toMatchObject([{ Type: 'image', Name: small.reference, Destination: '/i', RW: false }]);
    const refused = await docker.run(['rmi', small.reference]);
    expect(refused.stderr).toContain('conflict');
    await docker.ok(['rmi', '-f', small.reference]);
    await daemon.kill();
    await daemon.start();
    expect(await docker.ok(['start', '-a', name])).toBe('who');
  });
});

describe('temporary file systems', () => {
  test('--tmpfs and type=tmpfs take their options', async () => {
    const flags = [
      '--tmpfs',
      '/a:size=1m,mode=700,uid=1000,exec',
      '--mount',
      'type=tmpfs,dst=/b,tmpfs-size=2m,tmpfs-mode=1770',
    ];
    const script = 'stat -c "%a %u" /a /b; for i in a b; do grep " /$i " /proc/mounts | cut -d" " -f4; done';
    const [a, b, optionsOfA = '', optionsOfB = ''] = (await output(flags, script)).split('\n');
    expect([a, b]).toEqual(['700 1000', '1770 0']);
    expect(optionsOfA.split(',')).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'size=1024k']));
    expect(optionsOfA.split(',')).not.toContain('noexec');
    expect(optionsOfB.split(',')).toEqual(expect.arrayContaining(['noexec', 'size=2048k']));
    expect((await run(['--tmpfs', '/t:foo'], 'true')).stderr).toContain('invalid tmpfs option ["foo"]');
  });

  test('--ipc shareable shares memory with who joins it, private does not, none has none', async () => {
    const { docker, busybox } = await engine();
    const donor = uniqueName();
    await using _donor = removing(docker, donor);
    await docker.ok([
      'run',
      '-d',
      '--name',
      donor,
      '--ipc',
      'shareable',
      '--shm-size',
      '2m',
      busybox,
      'sh',
      '-c',
      'echo hello > /dev/shm/f; sleep 100',
    ]);
    const joined = await output(
      ['--ipc', `container:${donor}`],
      'cat /dev/shm/f; readlink /proc/self/ns/ipc; df -k /dev/shm | tail -1',
    );
    expect(joined).toContain('hello');
    expect(joined).toContain(await docker.ok(['exec', donor, 'readlink', '/proc/self/ns/ipc']));
    expect(joined).toContain(' 2048 ');
    const alone = uniqueName();
    await using _alone = removing(docker, alone);
    await docker.ok(['run', '-d', '--name', alone, '--ipc', 'private', busybox, 'sleep', '100']);
    expect((await run(['--ipc', `container:${alone}`], 'true')).stderr).toContain('non-shareable IPC');
    expect(await output(['--ipc', 'none'], 'ls -d /dev/shm 2>/dev/null || echo none')).toBe('none');
    expect(await output(['--ipc', 'host'], 'readlink /proc/self/ns/ipc')).toBe(
      await sh('readlink /proc/self/ns/ipc'),
    );
  });

  test('nothing of them is left mounted', async () => {
    const { daemon } = await engine();
    expect(await sh(`grep -c ${daemon.execRoot}/mounts /proc/self/mounts || true`)).toBe('0');
  });
});
