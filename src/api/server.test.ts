import { describe, expect, test } from 'bun:test';
import { statSync } from 'node:fs';
import { ApiFixture } from './testing/api-fixture.ts';

const TOO_NEW = 'client version 1.99 is too new. Maximum supported API version is 1.55';
const TOO_OLD =
  'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version';

describe('ping', () => {
  test('answers GET with OK and the headers that clients negotiate by', async () => {
    await using api = await ApiFixture.start();
    const { status, headers, body } = await api.request('GET', '/_ping');
    expect(status).toBe(200);
    expect(body).toBe('OK');
    expect(headers).toEqual({
      'api-version': '1.55',
      'builder-version': '1',
      'cache-control': 'no-cache, no-store, must-revalidate',
      connection: 'close',
      'content-length': '2',
      'content-type': 'text/plain; charset=utf-8',
      'docker-experimental': 'false',
      ostype: 'linux',
      pragma: 'no-cache',
      server: 'Docker/0.1.0 (linux)',
      swarm: 'inactive',
    });
  });

  test('answers HEAD with the same headers, under a version prefix too', async () => {
    await using api = await ApiFixture.start();
    for (const path of ['/_ping', '/v1.24/_ping', '/v1.55.0/_ping', '/v1.24.5/_ping']) {
      const { status, headers, body } = await api.request('HEAD', path);
      expect([status, body, headers['content-length'], headers['api-version']]).toEqual([
        200,
        '',
        '0',
        '1.55',
      ]);
    }
  });
});

describe('version negotiation', () => {
  test('refuses a version that is too new or too old in Docker’s words', async () => {
    await using api = await ApiFixture.start();
    const tooNew = await api.request('GET', '/v1.99/info');
    expect([tooNew.status, tooNew.body]).toEqual([400, `{"message":"${TOO_NEW}"}\n`]);
    expect(tooNew.headers).toMatchObject({
      'api-version': '1.55',
      ostype: 'linux',
      'content-type': 'application/json',
    });
    expect(tooNew.headers['docker-experimental']).toBeUndefined();
    const tooOld = await api.request('GET', '/v1.23/info');
    expect([tooOld.status, tooOld.body]).toEqual([400, `${TOO_OLD}\n`]);
    expect(tooOld.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect((await api.request('GET', '/v1.55.1/info')).status).toBe(400);
    expect((await api.request('GET', '/v1/info')).status).toBe(400);
    const head = await api.request('HEAD', '/v1.99/_ping');
    expect([head.status, head.body]).toEqual([400, '']);
  });

  test('answers 404 without general headers for what it does not know', async () => {
    await using api = await ApiFixture.start();
    for (const [method, path] of [
      ['GET', '/nope'],
      ['GET', '/v1.99/nope'],
      ['GET', '/vabc/info'],
      ['PUT', '/info'],
      ['HEAD', '/info'],
      ['GET', '/info/'],
      ['POST', '/containers/web/copy'],
    ] as const) {
      const { status, headers, body } = await api.request(method, path);
      expect([status, headers['api-version']]).toEqual([404, undefined]);
      if (method !== 'HEAD') expect(body).toBe('{"message":"page not found"}\n');
    }
  });

  test('refuses a route that is newer than the client', async () => {
    await using api = await ApiFixture.start();
    const prune = await api.request('POST', '/v1.24/containers/prune');
    expect(prune.body).toBe('{"message":"POST /containers/prune requires minimum API version 1.25"}\n');
    const config = await api.request('GET', '/v1.29/configs/x');
    expect(config.body).toBe('{"message":"GET /configs/{id} requires minimum API version 1.30"}\n');
  });

  test('answers OPTIONS on any path', async () => {
    await using api = await ApiFixture.start();
    const { status, headers, body } = await api.request('OPTIONS', '/whatever');
    expect([status, body, headers['docker-experimental']]).toEqual([200, '', 'false']);
  });
});

describe('errors', () => {
  test('carry the status of their code and Docker’s body', async () => {
    await using api = await ApiFixture.start();
    const missing = await api.request('GET', '/containers/nope/json');
    expect([missing.status, missing.body]).toEqual([404, '{"message":"No such container: nope"}\n']);
    const swarm = await api.request('GET', '/services');
    expect(swarm.status).toBe(503);
    expect(swarm.body).toContain('This node is not a swarm manager.');
    expect((await api.request('POST', '/swarm/leave')).body).toBe(
      '{"message":"This node is not part of a swarm"}\n',
    );
    const filter = await api.request('GET', '/containers/json?filters=nonsense');
    expect([filter.status, filter.body]).toEqual([400, '{"message":"invalid filter"}\n']);
    const limit = await api.request('GET', '/containers/json?limit=x');
    expect(limit.body).toBe(`{"message":"strconv.Atoi: parsing \\"x\\": invalid syntax"}\n`);
  });

  test('say 501 for what is documented but not there yet', async () => {
    await using api = await ApiFixture.start();
    const build = await api.request('POST', '/build', { body: '' });
    expect([build.status, build.body]).toEqual([
      501,
      '{"message":"build is not implemented by Minke yet (POST /build)"}\n',
    ]);
    const session = await api.raw(
      'POST /session HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    );
    expect(session).toContain('DOCKER_BUILDKIT=0');
  });

  test('hide nothing but crash nothing when a backend throws something of its own', async () => {
    await using api = await ApiFixture.start({
      system: {
        info: async () => {
          throw new TypeError('boom');
        },
        version: async () => ({}),
        diskUsage: async () => ({}),
        pruneBuildCache: async () => ({ deleted: [], spaceReclaimed: 0 }),
      },
    });
    const { status, body } = await api.request('GET', '/info');
    expect([status, body]).toEqual([500, '{"message":"boom"}\n']);
  });
});

/** Bytes that are held, not what the collector has not come to yet. */
function heldMemory(): number {
  Bun.gc(true);
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

describe('bodies', () => {
  const create = '/containers/create';

  test('that are no JSON get the sentences of Go’s decoder', async () => {
    await using api = await ApiFixture.start();
    const message = async (body: string, headers: Record<string, string> = {}) => {
      const answer = await api.request('POST', create, { body, headers });
      return [answer.status, JSON.parse(answer.body).message];
    };
    expect(await message('{"Image":')).toEqual([400, 'invalid JSON: unexpected EOF']);
    expect(await message('{Image:1}')).toEqual([
      400,
      "invalid JSON: invalid character 'I' looking for beginning of object key string",
    ]);
    expect(await message('{} {}')).toEqual([400, 'unexpected content after JSON']);
    expect(await message(' ')).toEqual([400, 'invalid JSON: got EOF while reading request body']);
    expect(await message('{"HostConfig":{"Memory":"1g"},"Image":"x"}')).toEqual([
      400,
      'invalid JSON: json: cannot unmarshal string into Go struct field HostConfig.HostConfig.Memory of type int64',
    ]);
    expect(await message('{"HostConfig":{}}')).toEqual([
      400,
      'config cannot be empty in order to create a container',
    ]);
    expect(await message('{"Image":"x"}', { 'Content-Type': 'text/plain' })).toEqual([
      400,
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ]);
  });

  test('become full configurations with Go’s zero values', async () => {
    await using api = await ApiFixture.start();
    const body = JSON.stringify({
      image: 'busybox',
      Cmd: 'true',
      Labels: { __proto__: null, a: 'b' },
      HostConfig: { PidsLimit: -1, Mounts: null, Unknown: { a: 1 } },
      NetworkingConfig: { EndpointsConfig: { bridge: null } },
    });
    const answer = await api.request('POST', `${create}?name=web&platform=linux/arm64`, { body });
    expect([answer.status, answer.body]).toEqual([201, `{"Id":"${'4f'.repeat(32)}","Warnings":[]}\n`]);
    const [request] = api.engine.created;
    expect(request).toMatchObject({
      name: 'web',
      platform: { os: 'linux', architecture: 'arm64' },
      config: { Image: 'busybox', Cmd: ['true'], Env: null, Tty: false, Volumes: {}, Labels: { a: 'b' } },
      hostConfig: { NetworkMode: 'bridge', PidsLimit: null, Memory: 0, Binds: null, PortBindings: {} },
      networkingConfig: { EndpointsConfig: { bridge: {} } },
    });
    expect(request?.hostConfig).not.toHaveProperty('Mounts');
    expect(request?.hostConfig).not.toHaveProperty('Unknown');
  });

  test('of 100 MB are answered and the connection goes on', async () => {
    await using api = await ApiFixture.start();
    const socket = api.connect();
    const size = 100 * 1024 * 1024;
    socket.write(
      `POST ${create} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
    );
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    const before = heldMemory();
    for (let sent = 0; sent < size; sent += chunk.length) {
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
    }
    socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const data of socket) text += data;
    expect(text).toContain('invalid JSON: http: request body too large');
    expect(text).toEndWith('OK');
    expect(heldMemory() - before).toBeLessThan(size / 2);
  }, 20_000);
});

describe('listener', () => {
  test('gives the socket mode 0660', async () => {
    await using api = await ApiFixture.start();
    expect(statSync(api.socketPath).mode & 0o777).toBe(0o660);
  });

  test('refuses a socket that somebody listens on, and replaces a stale one', async () => {
    await using api = await ApiFixture.start();
    await expect(api.server.listen([`unix://${api.socketPath}`])).rejects.toThrow('another daemon listens');
  });

  test('serves a 65th client while 64 are stuck in their heads, bodies and waits', async () => {
    await using api = await ApiFixture.start();
    const stuck = Array.from({ length: 64 }, (_, i) => {
      const socket = api.connect();
      const kinds = [
        'GET /inf',
        'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
        'POST /containers/web/wait HTTP/1.1\r\nHost: x\r\n\r\n',
        'POST /containers/web/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: x\r\n\r\n',
      ];
      socket.write(kinds[i % 4] ?? '');
      return socket;
    });
    expect((await api.request('GET', '/_ping')).body).toBe('OK');
    for (const socket of stuck) socket.destroy();
  });

  test('refuses a head without end', async () => {
    await using api = await ApiFixture.start();
    const text = await api.raw(`GET /info HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`);
    expect(text).toStartWith('HTTP/1.1 431 ');
    expect(await api.raw('GARBAGE\r\n\r\n')).toStartWith('HTTP/1.1 400 ');
  });

  test('keeps a connection for the next request', async () => {
    await using api = await ApiFixture.start();
    const request = (end: string) => `GET /_ping HTTP/1.1\r\nHost: x\r\n${end}\r\n`;
    const text = await api.raw(request('') + request('') + request('Connection: close\r\n'));
    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
  });

  test('closes promptly while a wait and an attach are under way', async () => {
    const api = await ApiFixture.start();
    const attach = api.connect();
    attach.write('POST /containers/web/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => attach.once('data', resolve));
    const closed = new Promise((resolve) => attach.once('close', resolve));
    attach.resume();
    attach.once('end', () => attach.end());
    await api[Symbol.asyncDispose]();
    await closed;
  });
});
