import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { Authority } from '../fixtures/certificates.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { Etc } from '../fixtures/etc.ts';
import { buildImage, type ImageData, push } from '../fixtures/image.ts';
import { Nginx } from '../fixtures/nginx.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';

const etc = new Etc();
const HUB = '10.98.10.1';
const closing: (() => Promise<unknown>)[] = [];
const image = (note: string): ImageData =>
  buildImage({ layers: [busyboxRootfs(), tar([{ name: 'note', content: note }])] });

/** In the place of Docker Hub: its name, its port, TLS. */
let hub: Registry;
/** What the mirrors serve. */
let copy: Registry;
let authority: Authority;

function kept<T extends { stop(): Promise<unknown> }>(thing: T): T {
  closing.push(() => thing.stop());
  return thing;
}

beforeAll(async () => {
  await etc.address(HUB);
  await etc.hosts({ 'registry-1.docker.io': HUB });
  await etc.folder('/etc/docker');
  authority = await Authority.create();
  const tls = await authority.issue('hub', ['DNS:registry-1.docker.io']);
  hub = kept(await Registry.start({ host: HUB, port: 443, tls }));
  copy = kept(await Registry.start());
  for (const name of ['both', 'origin-only', 'through']) {
    await push(hub.address, `library/${name}`, 'latest', image(name), { scheme: 'https' });
  }
  await push(copy.address, 'library/both', 'latest', image('both'));
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await etc.restore();
}, 60_000);

async function daemonWith(subnet: number, config: Record<string, unknown>): Promise<Client> {
  const daemon = kept(await Daemon.start({ subnet, config, env: { SSL_CERT_FILE: authority.cert } }));
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  return new Client(cli, daemon.host);
}

describe('registry-mirrors', () => {
  test.skipIf(!Nginx.isThere)(
    'are asked in order, a broken one is passed over, the origin is left alone',
    async () => {
      const nginx = kept(await Nginx.start({ upstream: copy.address }));
      const docker = await daemonWith(92, {
        'registry-mirrors': ['http://127.0.0.1:1', `http://${nginx.address}`],
      });
      const before = hub.requests().length;
      expect(await docker.ok(['pull', '-q', 'both'])).toBe('docker.io/library/both:latest');
      expect(await docker.ok(['run', '--rm', 'both', 'cat', '/note'])).toBe('both');
      expect(hub.requests()).toHaveLength(before);
      expect(nginx.requests().some((line) => /^GET \/v2\/library\/both\/blobs\/.* 200$/.test(line))).toBe(
        true,
      );

      // What no mirror has comes from the origin.
      expect(await docker.ok(['pull', '-q', 'origin-only'])).toBe('docker.io/library/origin-only:latest');
      expect(nginx.requests().some((line) => /library\/origin-only\/manifests\/latest 404$/.test(line))).toBe(
        true,
      );
      expect(hub.requests().some((line) => line.includes('/v2/library/origin-only/blobs/'))).toBe(true);

      // What nobody has is told in the origin's words.
      const none = await docker.run(['pull', 'nowhere']);
      expect(none.code).toBe(1);
      expect(none.stderr).toContain(
        'manifest for nowhere:latest not found: manifest unknown: manifest unknown',
      );

      const info = await docker.ok(['info']);
      expect(info).toContain(` Registry Mirrors:\n  http://127.0.0.1:1/\n  http://${nginx.address}/\n`);
    },
  );

  test('one that hangs costs a bounded time, and only once', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    silent.listen(0, '127.0.0.1', resolve);
    await promise;
    const at = silent.address();
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const port = typeof at === 'object' && at ? at.port : 0;
    const docker = await daemonWith(93, { 'registry-mirrors': [`http://127.0.0.1:${port}`] });
    expect(await docker.ok(['pull', '-q', 'both'], { timeout: 55_000 })).toBe(
      'docker.io/library/both:latest',
    );
    if (ENGINE === 'docker') return; // It waits again for each pull.
    const asked = sockets.size;
    expect(asked).toBe(1);
    expect(await docker.ok(['pull', '-q', 'origin-only'])).toBe('docker.io/library/origin-only:latest');
    expect(sockets.size).toBe(asked);
  });

  test('a pull-through cache fetches what it has not, and the origin is asked once', async () => {
    const cache = kept(
      await Registry.start({ proxyOf: 'https://registry-1.docker.io', authorities: authority.cert }),
    );
    const docker = await daemonWith(94, { 'registry-mirrors': [`http://${cache.address}`] });
    const blobs = () =>
      hub.requests().filter((line) => /GET .*\/library\/through\/blobs\//.test(line)).length;
    expect(await docker.ok(['pull', '-q', 'through'])).toBe('docker.io/library/through:latest');
    expect(await docker.ok(['run', '--rm', 'through', 'cat', '/note'])).toBe('through');
    const once = blobs();
    expect(once).toBeGreaterThan(0);
    await docker.ok(['rmi', 'through']);
    expect(await docker.ok(['pull', '-q', 'through'])).toBe('docker.io/library/through:latest');
    expect(blobs()).toBe(once);
  });
});

// Docker has mirrors for Docker Hub only.
describe.skipIf(ENGINE === 'docker' || !Nginx.isThere)('mirrors', () => {
  test('stand before any registry, over TLS and under a path too', async () => {
    const certs = await authority.issue('mirror', ['IP:127.0.0.1']);
    const nginx = kept(await Nginx.start({ upstream: copy.address, prefix: '/cache/', tls: certs }));
    mkdirSync(`/etc/docker/certs.d/${nginx.address}`, { recursive: true });
    copyFileSync(authority.cert, `/etc/docker/certs.d/${nginx.address}/ca.crt`);
    const origin = kept(await Registry.start());
    await push(origin.address, 'library/both', 'latest', image('both'));
    await push(origin.address, 'own', 'latest', image('own'));
    const docker = await daemonWith(95, {
      mirrors: { [origin.address]: [`https://${nginx.address}/cache/`] },
    });
    const reference = `${origin.address}/library/both:latest`;
    const before = origin.requests().length;
    expect(await docker.ok(['pull', '-q', reference])).toBe(reference);
    expect(origin.requests()).toHaveLength(before);
    expect(nginx.requests().every((line) => line.includes(' /cache/v2/'))).toBe(true);
    expect(await docker.ok(['inspect', '-f', '{{.RepoTags}}', reference])).toBe(`[${reference}]`);
    expect(await docker.ok(['pull', '-q', `${origin.address}/own`])).toBe(`${origin.address}/own:latest`);
  });
});
