import { beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, push } from '../fixtures/image.ts';
import { until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';
import { untar } from '../fixtures/untar.ts';

/** Containers that do what they can to be copied from, or to, somewhere else. */
const ROUNDS = Number(process.env['MINKE_TEST_ROUNDS'] ?? 10);
const path = (name: string, where: string) => `/containers/${name}/archive?path=${encodeURIComponent(where)}`;
let folder: string;
let outside: string;

beforeAll(() => {
  folder = workFolder('copy-hostile');
  outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'of the host');
});

/** The host's folder is as it was. */
function untouched(): void {
  expect(readdirSync(outside)).toEqual(['secret']);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('of the host');
}

describe('nothing in a container is run', () => {
  test('its own xz, gzip, bzip2 and zstd are not asked to inflate what is copied into it', async () => {
    const { docker, daemon, registry } = await engine();
    const script = '#!/bin/sh\necho owned >/owned\ncat /proc/self/mounts >/owned-by-host\nexec cat\n';
    const programs = ['xz', 'gzip', 'gunzip', 'unpigz', 'bzip2', 'zstd', 'unxz', 'tar'];
    const layer = tar(
      ['bin', 'usr/bin', 'usr/local/bin', 'sbin'].flatMap((bin) =>
        programs.map((name) => ({ name: `${bin}/${name}`, content: script, mode: 0o755 })),
      ),
    );
    const name = uniqueName('hostile');
    await push(
      registry.address,
      name,
      'v1',
      buildImage({ layers: [busyboxRootfs(), layer], config: { Cmd: ['sh'] } }),
    );
    const image = `${registry.address}/${name}:v1`;
    await docker.ok(['pull', '-q', image]);
    const [running, created] = [uniqueName(), uniqueName()];
    await docker.ok(['run', '-d', '--name', running, image, 'sleep', '1000']);
    await docker.ok(['create', '--name', created, image, 'true']);
    await using _boxes = removing(docker, running, created);
    const archive = tar([{ name: 'it', content: 'arrived' }]);
    for (const box of [running, created]) {
      for (const program of ['xz', 'gzip', 'bzip2']) {
        const body = execFileSync(program, ['-c'], { input: archive });
        expect((await daemon.api.send('PUT', path(box, '/tmp'), { body })).status).toBe(200);
        const [member] = untar(Buffer.from((await daemon.api.get(path(box, '/tmp/it'))).text));
        expect(member?.content).toBe('arrived');
      }
      for (const mark of ['/owned', '/owned-by-host'])
        expect((await daemon.api.get(path(box, mark))).status).toBe(404);
    }
    expect(existsSync('/owned')).toBe(false);
  });
});

describe('links that lead out', () => {
  test('are followed within the container only, in both directions', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    const script = [
      `mkdir -p /t; ln -s ${outside} /t/abs; ln -s ../../../../../../../../..${outside} /t/up`,
      `ln -s ${outside}/secret /t/file; ln -s /proc/1/root${outside} /t/proc; ln -s /proc/self/cwd /t/magic`,
      'ln -s loop /t/loop',
    ].join('; ');
    await docker.ok(['run', '--name', name, busybox, 'sh', '-c', script]);
    await using _box = removing(docker, name);
    const body = tar([{ name: 'new', content: 'x' }]);
    for (const link of ['abs', 'up', 'proc', 'magic', 'loop']) {
      expect(
        (await daemon.api.send('PUT', path(name, `/t/${link}`), { body })).status,
      ).toBeGreaterThanOrEqual(400);
      expect((await daemon.api.get(path(name, `/t/${link}/secret`))).status).toBeGreaterThanOrEqual(400);
      expect((await daemon.api.get(path(name, `/t/${link}/.`))).status).toBeGreaterThanOrEqual(400);
    }
    for (const link of ['abs', 'up', 'proc', 'magic', 'loop']) {
      // The names of members go the same way.
      const through = tar([{ name: `${link}/new`, content: 'x' }]);
      await daemon.api.send('PUT', path(name, '/t'), { body: through });
      untouched();
    }
    expect((await daemon.api.get(path(name, '/t/file/'))).status).toBeGreaterThanOrEqual(400);
  });

  test('members of an archive do not lead out through links of the same archive', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await docker.ok(['create', '--name', name, busybox, 'true']);
    await using _box = removing(docker, name);
    const archives = [
      tar([
        { name: 'l', type: 'symlink', link: outside },
        { name: 'l/new', content: 'x' },
      ]),
      tar([
        { name: 'l', type: 'symlink', link: `../../../../../../../..${outside}` },
        { name: 'l/new', content: 'x' },
      ]),
      tar([{ name: 'h', type: 'hardlink', link: `../../../../../../../..${outside}/secret` }]),
      tar([
        { name: 's', type: 'symlink', link: `${outside}/secret` },
        { name: 's', content: 'overwritten' },
      ]),
      tar([{ name: `../../../../../../../..${outside}/new`, content: 'x' }]),
      tar([{ name: `${outside}/new`, content: 'x' }]),
    ];
    for (const body of archives) {
      await daemon.api.send('PUT', path(name, '/'), { body });
      await daemon.api.send('PUT', path(name, '/tmp'), { body });
      untouched();
    }
  });
});

test.skipIf(ENGINE === 'docker')(
  'what is mounted in a container is not unmounted by a copy onto it',
  async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await docker.ok(['run', '-d', '--name', name, '-v', '/srv/data', busybox, 'sleep', '1000']);
    await using _box = removing(docker, name);
    const mounts = () =>
      docker.ok(['exec', name, 'sh', '-c', 'grep -c "/etc/hosts\\|/srv/data" /proc/self/mounts']);
    expect(await mounts()).toBe('2');
    const onto = await daemon.api.send('PUT', path(name, '/etc'), {
      body: tar([{ name: 'hosts', content: 'x' }]),
    });
    expect(onto.text).toContain('unlinkat /etc/hosts: device or resource busy');
    const above = await daemon.api.send('PUT', path(name, '/'), {
      body: tar([{ name: 'srv', content: 'x' }]),
    });
    expect(above.text).toContain('device or resource busy');
    expect(await mounts()).toBe('2');
  },
);

/**
 * Two containers share a volume; one swaps a folder of it with a link to the host while we copy through it. Whatever
 * each copy answers, the host is not touched, and what comes out is not the host's.
 */
describe.each([
  ['a volume that two containers share', true],
  ['a container of its own', false],
])('a link that changes all the time, in %s', (_where, shared) => {
  test(
    `${ROUNDS} copies each way leave the host alone`,
    async () => {
      using _calm = await calm('what is counted are answers, of copies that are not repeated');
      const { docker, daemon, busybox } = await engine();
      const [name, swapper, volume] = [uniqueName(), uniqueName(), uniqueName()];
      const at = shared ? '/vol' : '/own';
      const swap = [
        `mkdir -p ${at}/real; echo inside >${at}/real/secret; touch ${at}/ready`,
        `while :; do mv ${at}/real ${at}/x; ln -s ${outside} ${at}/real; rm ${at}/real; mv ${at}/x ${at}/real; done`,
      ].join('; ');
      const flags = shared ? ['-v', `${volume}:/vol`] : [];
      const who = shared ? swapper : name;
      if (shared) await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
      await docker.ok(['run', '-d', '--name', who, ...flags, busybox, 'sh', '-c', swap]);
      await using _boxes = removing(docker, name, swapper);
      await until(
        'the swapping',
        async () => (await docker.run(['exec', who, 'test', '-e', `${at}/ready`])).code === 0,
      );
      const body = tar([{ name: 'planted', content: 'x' }]);
      const nested = tar([{ name: 'real/planted', content: 'x' }]);
      for (let round = 0; round < ROUNDS; round++) {
        const [, , out] = await Promise.all([
          daemon.api.send('PUT', path(name, `${at}/real`), { body }),
          daemon.api.send('PUT', path(name, at), { body: nested }),
          daemon.api.get(path(name, `${at}/real/secret`)),
          daemon.api.get(path(name, `${at}/`)),
        ]);
        expect(out.text).not.toContain('of the host');
        untouched();
      }
      await docker.run(['rm', '-f', name, swapper]);
      await docker.run(['volume', 'rm', volume]);
    },
    120_000 + ROUNDS * 2_000,
  );
});

test('a copy that a client breaks off leaves nothing mounted; a container that ends or goes meanwhile is no harm', async () => {
  using _calm = await calm('copies that are cut off are the subject');
  const { docker, daemon, busybox } = await engine();
  const name = uniqueName();
  await docker.ok([
    'run',
    '-d',
    '--name',
    name,
    busybox,
    'sh',
    '-c',
    '[ -e /big ] || dd if=/dev/zero of=/big bs=1M count=64; sleep 1000',
  ]);
  await until(
    'the file',
    async () => (await docker.run(['exec', name, 'sh', '-c', 'test $(wc -c </big) = 67108864'])).code === 0,
  );
  const cut = docker.start(['cp', `${name}:/big`, '-']);
  await new Promise((resolve) => cut.child.stdout?.once('data', resolve));
  await docker.ok(['stop', '-t', '0', name]);
  await docker.ok(['start', name]);
  expect(await docker.ok(['exec', name, 'sh', '-c', 'wc -c </big'])).toBe('67108864');
  await docker.ok(['rm', '-f', name]);
  cut.child.kill('SIGKILL');
  const left = () =>
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(daemon.dataRoot));
  await until('no overlay of it', () => left().every((line) => !line.includes('/merged')));
});
