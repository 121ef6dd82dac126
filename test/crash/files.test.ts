/**
 * The daemon is killed by SIGKILL while files are copied in both directions, exported and committed. A container goes on
 * and is not left frozen; nothing is left mounted or half made. MINKE_TEST_ROUNDS sets how many kills.
 */
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sleep, until } from '../fixtures/machine.ts';
import { tar } from '../fixtures/tar.ts';

const KILLS = Number(process.env['MINKE_TEST_ROUNDS'] ?? 2);

test.skipIf(ENGINE === 'docker')(
  'a daemon that dies while it copies and commits leaves nothing behind',
  async () => {
    const { busybox, docker } = await engine();
    const daemon = await Daemon.start({ subnet: 93 });
    const client = new Client(docker.cli, daemon.host);
    await client.ok(['pull', '-q', busybox]);
    const running = await client.ok([
      ...['run', '-d', '--network', 'none', '-v', '/vol', busybox, 'sh', '-c'],
      'dd if=/dev/urandom of=/big bs=1M count=16; cp /big /vol; touch /ready; while :; do date >/tick; sleep 0.05; done',
    ]);
    await until(
      'its files',
      async () => (await client.run(['exec', running, 'test', '-e', '/ready'])).code === 0,
    );
    const stopped = await client.ok(['create', '-v', '/vol', busybox, 'true']);
    const body = tar(
      Array.from({ length: 20 }, (_, n) => ({ name: `f${n}`, content: Buffer.alloc(1 << 20, n) })),
    );
    const { api } = daemon;
    const put = (id: string, where: string) => () =>
      api.sendOnce('PUT', `/containers/${id}/archive?path=${where}`, { body });
    const get = (path: string) => () => api.sendOnce('GET', path);
    const work = [
      put(running, '/tmp'),
      put(stopped, '/vol'),
      get(`/containers/${running}/archive?path=/vol`),
      get(`/containers/${stopped}/export`),
      get(`/containers/${running}/changes`),
      () => api.sendOnce('POST', `/commit?container=${running}`),
      () => api.sendOnce('POST', `/commit?container=${stopped}`),
    ];
    const entries = (path: string) => (existsSync(path) ? readdirSync(path) : []);
    const overlays = () =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(`${daemon.folder}/`) && line.includes('/merged')).length;
    for (let kill = 0; kill < KILLS; kill++) {
      const done = Promise.allSettled(work.map((one) => one()));
      await sleep(Math.random() * 600);
      await daemon.kill();
      await done;
      await daemon.start();
      expect(await client.ok(['inspect', '-f', '{{.State.Status}}', running])).toBe('running');
      expect(overlays()).toBe(1);
      expect(entries(join(daemon.execRoot, 'committing'))).toEqual([]);
      expect(entries(join(daemon.execRoot, 'mounts'))).toEqual([]);
      await until(
        'no half of a layer',
        () => entries(join(daemon.dataRoot, 'overlay2/.minke-staging')).length === 0,
      );
      const tick = await client.ok(['exec', running, 'stat', '-c', '%y', '/tick']);
      await until(
        'it to go on',
        async () => (await client.ok(['exec', running, 'stat', '-c', '%y', '/tick'])) !== tick,
      );
    }
    const image = await client.ok(['commit', running]);
    expect(await client.ok(['run', '--rm', '--network', 'none', image, 'sh', '-c', 'wc -c </big'])).toBe(
      '16777216',
    );
    expect(await client.ok(['exec', running, 'sh', '-c', 'cmp /big /vol/big && echo same'])).toBe('same');
    await daemon.stop();
  },
  60_000 + KILLS * 20_000,
);
