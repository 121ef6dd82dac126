import { afterAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';

const rootfs = (name: string) => busyboxRootfs([{ name: 'who', content: name }]);

describe('docker import', () => {
  test('from a file and from standard input prints the id of an image that runs', async () => {
    const { docker } = await engine();
    const name = uniqueName('import');
    const file = join(workFolder('import'), 'rootfs.tar');
    writeFileSync(file, rootfs(name));
    const id = await docker.ok(['import', file, `${name}:one`]);
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await docker.ok(['run', '--rm', `${name}:one`, 'cat', '/who'])).toBe(name);
    const other = await docker.ok(['import', '-'], { input: rootfs(name) });
    expect(other).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.RepoTags}}', other])).toBe('[]');
    await docker.ok(['rmi', id, other]);
  });

  test('takes changes, a message and a platform', async () => {
    const { docker } = await engine();
    const name = uniqueName('import');
    const changes = [
      'CMD ["cat","/who"]',
      'ENV A=1 B="two words"',
      'LABEL org.example=yes',
      'EXPOSE 80',
      'USER app',
      'WORKDIR /www',
      'VOLUME /data',
      // Compat: Docker takes this one since 23.
      ...(ENGINE === 'docker' ? [] : ['STOPSIGNAL SIGINT']),
      'HEALTHCHECK --interval=5s CMD true',
      'ONBUILD RUN true',
    ];
    const flags = changes.flatMap((change) => ['-c', change]);
    const input = rootfs(name);
    await docker.ok(['import', ...flags, '-m', 'a message', '-', `${name}:x`], { input });
    const [image] = JSON.parse(await docker.ok(['image', 'inspect', `${name}:x`]));
    expect(image).toMatchObject({
      Comment: 'a message',
      Os: 'linux',
      Config: {
        Cmd: ['cat', '/who'],
        Env: ['A=1', 'B=two words'],
        Labels: { 'org.example': 'yes' },
        ExposedPorts: { '80/tcp': {} },
        User: 'app',
        WorkingDir: '/www',
        Volumes: { '/data': {} },
        ...(ENGINE === 'docker' ? {} : { StopSignal: 'SIGINT' }),
        Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5e9 },
        OnBuild: ['RUN true'],
      },
    });
    expect(await docker.ok(['history', '--format', '{{.Comment}}', `${name}:x`])).toBe('a message');
    expect(await docker.ok(['run', '--rm', '--no-healthcheck', `${name}:x`])).toBe(name);
    await docker.ok(['rmi', `${name}:x`]);
    const refused = await docker.run(['import', '-c', 'RUN true', '-', `${name}:y`], { input });
    expect(refused.code).toBe(1);
    expect(refused.stderr.toLowerCase()).toContain('run is not a valid change command');
  });

  test('for a platform; one of another operating system is refused', async () => {
    const { docker } = await engine();
    const name = uniqueName('import');
    const input = rootfs(name);
    await docker.ok(['import', '--platform', 'linux/arm/v7', '-', `${name}:x`], { input });
    const format = '{{.Os}} {{.Architecture}} {{.Variant}}';
    // Compat: Docker 20.10 takes the operating system from it, and nothing else.
    const expected = ENGINE === 'docker' ? /^linux (amd64|arm64)$/ : /^linux arm v7$/;
    expect(await docker.ok(['image', 'inspect', '-f', format, `${name}:x`])).toMatch(expected);
    await docker.ok(['rmi', `${name}:x`]);
    const refused = await docker.run(['import', '--platform', 'windows/amd64', '-', `${name}:y`], { input });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('operating system is not supported');
    const nonsense = await docker.run(['import', '--platform', 'a/b/c/d/e', '-', `${name}:y`], { input });
    expect(nonsense.code).toBe(1);
    expect(nonsense.stderr).toContain('a/b/c/d/e');
  });

  test.each([
    ['gzip', (bytes: Buffer) => gzipSync(bytes, { level: 1 })],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
    ['xz', (bytes: Buffer) => execFileSync('xz', ['-0', '-c'], { input: bytes, maxBuffer: 1 << 28 })],
    ['bzip2', (bytes: Buffer) => execFileSync('bzip2', ['-1', '-c'], { input: bytes, maxBuffer: 1 << 28 })],
  ] as const)('of an archive compressed by %s, and one cut off', async (kind, compress) => {
    // Compat: Docker reads zstd since 23.
    if (ENGINE === 'docker' && kind === 'zstd') return;
    const { docker } = await engine();
    const name = uniqueName('import');
    const bytes = compress(rootfs(name));
    await docker.ok(['import', '-', `${name}:x`], { input: bytes });
    expect(await docker.ok(['run', '--rm', `${name}:x`, 'cat', '/who'])).toBe(name);
    await docker.ok(['rmi', `${name}:x`]);
    for (const length of [bytes.length - 8, bytes.length >> 1]) {
      const cut = await docker.run(['import', '-', `${name}:y`], { input: bytes.subarray(0, length) });
      expect(cut.code).toBe(1);
      expect(cut.stderr).toMatch(/unexpected EOF|unexpected end|exit status/i);
      expect((await docker.run(['image', 'inspect', `${name}:y`])).code).toBe(1);
    }
  });

  test('of what is no archive is an error and leaves no image', async () => {
    const { docker } = await engine();
    const name = uniqueName('import');
    const result = await docker.run(['import', '-', `${name}:x`], { input: 'no archive '.repeat(1000) });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('archive/tar: invalid tar header');
    expect((await docker.run(['image', 'inspect', `${name}:x`])).code).toBe(1);
  });

  test('publishes its event', async () => {
    const { docker, daemon } = await engine();
    const name = uniqueName('import');
    const since = Math.floor(Date.now() / 1000) - 1;
    const id = await docker.ok(['import', '-', `${name}:x`], { input: rootfs(name) });
    const filters = encodeURIComponent(JSON.stringify({ type: ['image'] }));
    const until = Math.floor(Date.now() / 1000) + 1;
    const text = (await daemon.api.get(`/events?since=${since}&until=${until}&filters=${filters}`)).text;
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ Actor }) => Actor.ID === id);
    expect(events.map(({ Action, Actor }) => [Action, Actor.Attributes.name])).toEqual([
      ['tag', `${name}:x`],
      ['import', id],
    ]);
    await docker.ok(['rmi', id]);
  });
});

describe('docker import of a URL', () => {
  let server: Server | undefined;
  afterAll(() => server?.close());

  /** Address of a server that has one archive, redirects to it, cuts it off or refuses it. */
  async function serve(archive: Buffer): Promise<string> {
    server?.close();
    server = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: '/rootfs.tar' }).end();
      else if (request.url === '/loop') response.writeHead(302, { Location: '/loop' }).end();
      else if (request.url === '/ftp') response.writeHead(302, { Location: 'ftp://127.0.0.1/x' }).end();
      else if (request.url === '/rootfs.tar') response.end(archive);
      else if (request.url === '/cut') {
        response.writeHead(200, { 'Content-Length': archive.length });
        response.write(archive.subarray(0, archive.length - 100_000), () => response.destroy());
      } else response.writeHead(404).end('there is nothing\n');
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('fetches it, follows redirects, and says so', async () => {
    const { docker } = await engine();
    const name = uniqueName('url');
    const base = await serve(gzipSync(rootfs(name)));
    for (const path of ['rootfs.tar', 'moved']) {
      const lines = (await docker.ok(['import', `${base}/${path}`, `${name}:x`])).split('\n');
      expect(lines[0]).toBe(`Downloading from ${base}/${path}`);
      expect(lines.at(-1)).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(await docker.ok(['run', '--rm', `${name}:x`, 'cat', '/who'])).toBe(name);
      await docker.ok(['rmi', `${name}:x`]);
    }
  });

  test('that is not there, broken, endless or of another kind is an error', async () => {
    const { docker } = await engine();
    const name = uniqueName('url');
    const base = await serve(rootfs(name));
    const failing = async (url: string) => {
      const result = await docker.run(['import', url, `${name}:x`]);
      expect(result.code).toBe(1);
      expect((await docker.run(['image', 'inspect', `${name}:x`])).code).toBe(1);
      return result.stderr;
    };
    expect(await failing(`${base}/nothing`)).toContain(
      `failed to GET ${base}/nothing with status 404 Not Found: there is nothing`,
    );
    expect(await failing(`${base}/cut`)).toMatch(/unexpected EOF/);
    expect(await failing(`${base}/loop`)).toContain('stopped after 10 redirects');
    expect(await failing(`${base}/ftp`)).toContain('unsupported protocol scheme "ftp"');
    expect(await failing('http://127.0.0.1:1/x')).toContain('connect: connection refused');
  });
});
