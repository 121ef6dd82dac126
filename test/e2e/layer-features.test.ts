/** What a container sees of a layer's oddities: on Minke and on dockerd by the same expectations. */
import { describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteString, encodeHeader } from '../../src/spec/tar/mod.ts';
import { dockerArchive } from '../fixtures/archive.ts';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, imageId } from '../fixtures/image.ts';
import { workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { type TarEntry, tar } from '../fixtures/tar.ts';

/** What `script` prints in a container of busybox and these layers. */
async function seen(layers: Buffer[], script: string): Promise<string> {
  const { docker } = await engine();
  const all = [busyboxRootfs(), ...layers];
  const image = buildImage({ layers: all, gzip: false });
  const id = imageId(image);
  const loaded = await docker.run(['load'], { input: dockerArchive(image, all) });
  expect(loaded.stdout).toBe(`Loaded image ID: ${id}\n`);
  try {
    return await docker.ok(['run', '--rm', '--network', 'none', id, 'sh', '-c', script]);
  } finally {
    await docker.ok(['rmi', '-f', id]);
  }
}

const layer = (...entries: TarEntry[]) => tar(entries);
const whiteout = (name: string): TarEntry => ({ name });

describe('a container sees', () => {
  test('no file that a whiteout took, and nothing below an opaque directory', async () => {
    const below = layer(
      { name: 'a', content: '1' },
      { name: 'd', type: 'dir' },
      { name: 'd/old', content: '1' },
      { name: 'd/sub', type: 'dir' },
      { name: 'gone', type: 'dir' },
      { name: 'gone/deep', content: '1' },
    );
    const above = layer(
      whiteout('.wh.a'),
      { name: 'd', type: 'dir' },
      whiteout('d/.wh..wh..opq'),
      { name: 'd/new', content: '2' },
      whiteout('.wh.gone'),
    );
    expect(await seen([below, above], 'ls -d /a /gone 2>/dev/null; ls /d')).toBe('new');
  });

  test('what a layer brings in place of what it takes away', async () => {
    const below = layer(
      { name: 'd', type: 'dir' },
      { name: 'd/old', content: '1' },
      { name: 'f', content: 'old' },
    );
    const first = layer(whiteout('.wh.d'), { name: 'd', type: 'dir' }, { name: 'd/new', content: '2' });
    // Compat: on Docker's overlay2 the directory takes the whiteout away, and what it hid shows again.
    expect(await seen([below, first], 'ls /d')).toBe(ENGINE === 'docker' ? 'new\nold' : 'new');
    const file = layer(whiteout('.wh.f'), { name: 'f', content: 'new' });
    expect(await seen([below, file], 'cat /f')).toBe('new');
    const kind = layer(whiteout('.wh.d'), { name: 'd', content: 'a file now' });
    expect(await seen([below, kind], 'cat /d')).toBe('a file now');
  });

  test('hard links within a layer as one file', async () => {
    const links = layer(
      { name: 'one', content: 'x' },
      { name: 'd', type: 'dir' },
      { name: 'd/two', type: 'hardlink', link: 'one' },
      { name: 'd/three', type: 'hardlink', link: './d/two' },
    );
    expect(await seen([links], 'stat -c %h /one; test /one -ef /d/three && cat /d/three')).toBe('3\nx');
  });

  // Compat: Docker's overlay2 fails on it ("no such file or directory"), its older aufs did not.
  test.skipIf(ENGINE === 'docker')('a hard link to a file of a lower layer as a copy of it', async () => {
    const below = layer({ name: 'target', content: 'x', mode: 0o640, uid: 3 });
    const above = layer({ name: 'link', type: 'hardlink', link: 'target' });
    expect(await seen([below, above], 'cat /link; stat -c "%a %u" /link')).toBe('x640 3');
  });

  test('modes with their special bits, large owners, devices, fifos', async () => {
    const odd = layer(
      { name: 'suid', content: '', mode: 0o4755 },
      { name: 'sticky', type: 'dir', mode: 0o1777 },
      { name: 'setgid', type: 'dir', mode: 0o2750, gid: 34 },
      { name: 'setgid/file', content: '', gid: 0 },
      { name: 'node', type: 'char', device: [1, 7], mode: 0o600 },
      { name: 'disk', type: 'block', device: [7, 300], mode: 0o660, gid: 6 },
      { name: 'pipe', type: 'fifo', mode: 0o622 },
    );
    const script = 'cd /; stat -c "%n %a %u:%g %F %t:%T" suid sticky setgid setgid/file node disk pipe';
    expect(await seen([odd], script)).toBe(
      [
        'suid 4755 0:0 regular empty file 0:0',
        'sticky 1777 0:0 directory 0:0',
        'setgid 2750 0:34 directory 0:0',
        'setgid/file 644 0:0 regular empty file 0:0',
        'node 600 0:0 character special file 1:7',
        'disk 660 0:6 block special file 7:12c',
        'pipe 622 0:0 fifo 0:0',
      ].join('\n'),
    );
  });

  // Debian's GNU tar writes these: owners above 2^21, long names, times to the nanosecond, names that are no UTF-8.
  test.each(['pax', 'gnu'] as const)('what GNU tar writes in its %s format', async (format) => {
    const folder = workFolder('tar');
    const deep = `${'directory-with-a-long-name/'.repeat(7)}${'n'.repeat(120)}`;
    const script = `
      set -e; cd ${folder}; mkdir tree; cd tree
      mkdir -p ${deep.slice(0, deep.lastIndexOf('/'))}
      echo long > ${deep}
      ln -s ${'t'.repeat(180)} link
      printf x > owner; chown 3000000:4000000 owner
      printf x > time; touch -d '2001-02-03 04:05:06.123456789 UTC' time
      printf x > $(printf 'caf\\351')
      truncate -s 3000000 holes; printf end >> holes
    `;
    execFileSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
    const file = join(folder, 'layer.tar');
    execFileSync('tar', ['-C', join(folder, 'tree'), `--format=${format}`, '-cf', file, '.']);
    const look = [
      `cat /${deep}`,
      'readlink /link | wc -c',
      'stat -c "%u:%g" /owner',
      "stat -c '%y' /time",
      "cd /; echo caf* | od -An -tx1 | tr -d ' \\n'; echo",
      'stat -c %s /holes; tail -c 3 /holes; echo',
    ].join('; ');
    expect((await seen([readFileSync(file)], look)).split('\n')).toEqual([
      'long',
      '181',
      '3000000:4000000',
      format === 'pax' ? '2001-02-03 04:05:06.123456789 +0000' : '2001-02-03 04:05:06.000000000 +0000',
      '636166e90a',
      '3000003',
      'end',
    ]);
  });

  test.each([
    // Compat: Docker knows this kind of member by its type only, and refuses it: "unhandled tar header type 83".
    ['gnu', ['--format=gnu']],
    ['PAX 0.0', ['--format=posix', '--sparse-version=0.0']],
    ['PAX 0.1', ['--format=posix', '--sparse-version=0.1']],
    ['PAX 1.0', ['--format=posix', '--sparse-version=1.0']],
  ] as const)('sparse files that GNU tar stored in its format %s', async (format, flags) => {
    const folder = workFolder('sparse');
    const script = `set -e; mkdir ${folder}/tree; cd ${folder}/tree
      truncate -s 3000000 holes; printf middle | dd of=holes bs=1 seek=1500000 conv=notrunc status=none
      truncate -s 20000000 nothing; md5sum holes nothing > ../sums
      tar --sparse --hole-detection=raw ${flags.join(' ')} -cf ../layer.tar .`;
    execFileSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (ENGINE === 'docker' && format === 'gnu') {
      const { docker } = await engine();
      const refused = await docker.run(['import', join(folder, 'layer.tar')]);
      expect(refused.stderr).toContain('unhandled tar header type 83');
      return;
    }
    const sums = readFileSync(join(folder, 'sums'), 'utf8').trim();
    expect(await seen([readFileSync(join(folder, 'layer.tar'))], 'cd /; md5sum holes nothing')).toBe(sums);
  });

  test('attributes of files and directories; those that speak to overlayfs do not get in', async () => {
    const encoded = (name: string, type: string, xattrs: Record<string, string>) =>
      encodeHeader({
        name: name as ByteString,
        type,
        mode: 0o755,
        xattrs: Object.entries(xattrs).map(([key, value]) => ({
          name: key as ByteString,
          value: value as ByteString,
        })),
      });
    const odd = Buffer.concat([
      encoded('file', '0', { 'user.colour': 'blue', 'trusted.mine': 'secret' }),
      encoded('dir', '5', { 'user.kind': 'folder', 'trusted.overlay.opaque': 'y' }),
      Buffer.alloc(1024),
    ]);
    const { docker } = await engine();
    const layers = [layer({ name: 'dir', type: 'dir' }, { name: 'dir/below', content: '' }), odd];
    const image = buildImage({ layers: [busyboxRootfs(), ...layers], gzip: false });
    await docker.ok(['load'], { input: dockerArchive(image, [busyboxRootfs(), ...layers]) });
    const name = uniqueName('xattr');
    await docker.ok(['run', '-d', '--name', name, imageId(image), 'sleep', '60']);
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]);
    const seenByTar = execFileSync('tar', [
      ...['-C', `/proc/${pid}/root`, '--format=pax', '--xattrs', '--xattrs-include=*'],
      ...['--no-recursion', '-cf', '-', 'file', 'dir'],
    ]).toString('latin1');
    expect(seenByTar.match(/SCHILY\.xattr\.[ -~]+/g)?.sort()).toEqual([
      'SCHILY.xattr.trusted.mine=secret',
      'SCHILY.xattr.user.colour=blue',
      'SCHILY.xattr.user.kind=folder',
    ]);
    // Compat: Docker lets the mark in, and what is below is hidden.
    expect(await docker.ok(['exec', name, 'ls', '/dir'])).toBe(ENGINE === 'docker' ? '' : 'below');
    await docker.ok(['rm', '-f', name]);
    await docker.ok(['rmi', imageId(image)]);
  });

  test('a program with a capability in its attributes that may use it', async () => {
    const folder = workFolder('cap');
    const script = `set -e; mkdir -p ${folder}/tree/opt; cd ${folder}/tree
      cp /bin/busybox opt/busybox; setcap cap_net_bind_service+ep opt/busybox
      tar --format=pax --xattrs --xattrs-include='*' -cf ../layer.tar .`;
    execFileSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
    const look = '/opt/busybox grep CapPrm /proc/self/status';
    const { docker } = await engine();
    const layers = [busyboxRootfs(), readFileSync(join(folder, 'layer.tar'))];
    const image = buildImage({ layers, gzip: false });
    await docker.ok(['load'], { input: dockerArchive(image, layers) });
    const text = await docker.ok(['run', '--rm', '-u', '1000', imageId(image), 'sh', '-c', look]);
    expect(text).toMatch(/CapPrm:\s+0000000000000400/);
    await docker.ok(['rmi', imageId(image)]);
  });
});

describe('a directory that a layer only implies', () => {
  const below = layer(
    { name: 'opt', type: 'dir', mode: 0o1777, uid: 7, gid: 8 },
    { name: 'opt/a', content: '' },
  );
  const above = layer({ name: 'opt/b', content: '' });

  // Compat: Docker's overlay2 unpacks each layer alone, so that opt becomes 755 of root.
  test('keeps the mode and owner of the one below it', async () => {
    const text = await seen([below, above], 'stat -c "%a %u:%g" /opt; ls /opt');
    expect(text).toBe(ENGINE === 'docker' ? '755 0:0\na\nb' : '1777 7:8\na\nb');
  });
});
