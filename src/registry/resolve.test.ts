import { describe, expect, test } from 'bun:test';
import { createServer } from 'node:net';
import type { AuthConfig } from '../spec/docker/mod.ts';
import { MEDIA_TYPES } from '../spec/oci/image.ts';
import { parseReference } from '../spec/reference.ts';
import { createRegistry, type RegistryClientOptions } from './create-registry.ts';
import { descriptorOf, fakeImage, serve, sha256 } from './testing/fake-image.ts';
import { FakeRegistry, type FakeRequest } from './testing/fake-registry.ts';

const limits = { headMs: 1000, stallMs: 1000, attempts: 3, backoffMs: 1, maxBackoffMs: 5 };
/** For peers that never answer as they should: there is nothing to wait for. */
const impatient = { ...limits, headMs: 250, stallMs: 250 };
const image = fakeImage(Buffer.from('layer'));
const client = (options: RegistryClientOptions = {}) => createRegistry({ limits, ...options });
const refuse = (code: string, message: string) => JSON.stringify({ errors: [{ code, message, detail: 1 }] });

async function resolveFrom(
  handler: (request: FakeRequest) => void,
  name = 'x',
  { auth, ...options }: RegistryClientOptions & { auth?: AuthConfig } = {},
) {
  await using fake = await FakeRegistry.start(handler);
  using registry = client(options);
  const reference = parseReference(`${fake.host}/${name}`);
  try {
    const resolved = await registry.resolve(reference, auth ? { auth } : {});
    return { resolved, fake, message: '', code: '' };
  } catch (error) {
    const { message, code } = error as { message: string; code: string };
    return { resolved: undefined, fake, message: message.replaceAll(fake.host, 'HOST'), code };
  }
}

describe('resolve', () => {
  test('takes two requests for a plain image', async () => {
    const { resolved, fake } = await resolveFrom((request) => serve(image, request), 'x:latest');
    expect(resolved?.manifestDigest).toBe(image.manifestDigest);
    expect(resolved?.target).toEqual(descriptorOf(MEDIA_TYPES.ociManifest, image.manifest));
    expect(resolved?.configBytes).toEqual(image.config);
    expect(resolved?.config.config?.Cmd).toEqual(['sh']);
    expect(fake.requests.length).toBe(2);
    expect(new Set(fake.requests.map(({ socket }) => socket)).size).toBe(1);
  });

  test('goes through an index to the manifest of the platform', async () => {
    const entry = (os: string, bytes: Buffer) => ({
      ...descriptorOf(MEDIA_TYPES.ociManifest, bytes),
      platform: { os, architecture: 'amd64' },
    });
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        manifests: [entry('unknown', Buffer.from('x')), entry('linux', image.manifest)],
      }),
    );
    const handler = (request: FakeRequest) =>
      request.path.endsWith('/latest')
        ? request.reply(200, index, { 'content-type': MEDIA_TYPES.ociIndex })
        : serve(image, request);
    await using fake = await FakeRegistry.start(handler);
    using registry = client();
    const reference = parseReference(`${fake.host}/x:latest`);
    const resolved = await registry.resolve(reference, { platform: { os: 'linux', architecture: 'amd64' } });
    expect(resolved.target.digest).toBe(sha256(index));
    expect(resolved.manifestDigest).toBe(image.manifestDigest);
    const other = { platform: { os: 'linux', architecture: 's390x' } };
    await expect(registry.resolve(reference, other)).rejects.toThrow(
      'no matching manifest for linux/s390x in the manifest list entries',
    );
  });

  test('resolves by digest and refuses other bytes', async () => {
    const name = `x@${image.manifestDigest}`;
    const honest = await resolveFrom((request) => serve(image, request), name);
    expect(honest.resolved?.manifestDigest).toBe(image.manifestDigest);
    const lie = await resolveFrom((request) => request.reply(200, `${image.manifest} `), name);
    expect(lie).toMatchObject({
      code: 'corrupt',
      message: `manifest verification failed for digest ${image.manifestDigest}`,
    });
  });

  test('refuses a tag whose bytes are not what the header promises', async () => {
    const headers = { 'docker-content-digest': sha256(Buffer.from('else')) };
    const { code } = await resolveFrom((request) => request.reply(200, image.manifest, headers));
    expect(code).toBe('corrupt');
  });

  test('refuses a config that is not what the manifest names', async () => {
    const { message } = await resolveFrom((request) =>
      request.path.includes('/blobs/') ? request.reply(200, '{}') : serve(image, request),
    );
    expect(message).toBe(`image config verification failed for digest ${sha256(image.config)}`);
  });

  test('refuses a manifest that is larger than allowed, however it comes', async () => {
    const body = Buffer.alloc(5 << 20, 0x20);
    const { code } = await resolveFrom((request) => request.reply(200, body));
    expect(code).toBe('corrupt');
    const chunked = await resolveFrom(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      socket.write(`${body.length.toString(16)}\r\n`);
      socket.write(body);
    });
    expect(chunked.message).toBe('manifest is larger than 4194304 bytes');
  });

  test.each([
    [
      404,
      'MANIFEST_UNKNOWN',
      'manifest unknown',
      'not-found',
      'manifest for HOST/x:1 not found: manifest unknown: manifest unknown',
    ],
    [
      404,
      'NAME_UNKNOWN',
      'repository name not known to registry',
      'not-found',
      'repository HOST/x not found: name unknown: repository name not known to registry',
    ],
    [
      403,
      'DENIED',
      'requested access to the resource is denied',
      'not-found',
      "pull access denied for HOST/x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ],
    [401, 'UNAUTHORIZED', 'authentication required', 'internal', 'unauthorized: authentication required'],
    [400, 'WHATEVER', 'no', 'internal', 'unknown: no'],
  ])('says of %d %s what Docker says', async (status, code, text, engineCode, message) => {
    const got = await resolveFrom((request) => request.reply(status, refuse(code, text)), 'x:1');
    expect(got).toMatchObject({ code: engineCode, message });
    expect(got.fake.requests.length).toBe(1);
  });

  test('insufficient_scope is a denial', async () => {
    const headers = { 'www-authenticate': 'Bearer realm="x",error="insufficient_scope"' };
    const { message } = await resolveFrom((request) => request.reply(401, '', headers));
    expect(message).toStartWith('pull access denied for HOST/x');
  });

  test('gives up on 500 after its attempts', async () => {
    const { fake, message } = await resolveFrom((request) => request.reply(500, 'oops'));
    expect(message).toBe('received unexpected HTTP status: 500 Internal Server Error');
    expect(fake.requests.length).toBe(3);
  });

  test('says what a 4xx without JSON was', async () => {
    const { message } = await resolveFrom((request) => request.reply(404, '<html>'));
    expect(message).toBe(
      'error parsing HTTP 404 response body: invalid character \'<\' looking for beginning of value: "<html>"',
    );
  });

  test('waits and tries again on 429 and 503, resets and truncations', async () => {
    const { resolved, fake } = await resolveFrom((request) => {
      if (request.index === 0) request.reply(429, '', { 'retry-after': '0' });
      else if (request.index === 1) request.reply(503);
      else if (request.index === 3) request.socket.destroy();
      else if (request.index === 4) {
        request.begin(image.config.length, image.config.subarray(0, 10));
        request.socket.end();
      } else serve(image, request);
    });
    expect(resolved?.manifestDigest).toBe(image.manifestDigest);
    expect(fake.requests.length).toBe(6);
  });

  test.each([
    ['head without end', 'HTTP/1.1 200 OK\r\n', 'a: b\r\n'],
    ['100 Continue for ever', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['chunks of one byte', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\n \r\n'],
    ['chunk extension without end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;', 'aaaaaa'],
    ['junk', '', 'aaaaaa'],
  ])('ends on a %s', async (_what, head, piece) => {
    const flood = Buffer.from(piece.repeat(10_000));
    const { code, message } = await resolveFrom(
      ({ socket }) => {
        socket.write(head);
        const pump = () => {
          while (!socket.destroyed && socket.write(flood));
        };
        socket.on('drain', pump);
        pump();
      },
      'x',
      { limits: impatient },
    );
    expect(code).toMatch(/^(internal|timeout|corrupt)$/);
    expect(message).not.toBe('');
  });

  test('does not wait for a registry that asks for an hour', async () => {
    const body = refuse('TOOMANYREQUESTS', 'You have reached your pull rate limit.');
    const { fake, message } = await resolveFrom((request) =>
      request.reply(429, body, { 'retry-after': '3600' }),
    );
    expect(message).toBe('toomanyrequests: You have reached your pull rate limit.');
    expect(fake.requests.length).toBe(1);
  });

  test('ends when the registry hangs, before and after the head', async () => {
    const silent = await resolveFrom(() => {}, 'x', { limits: impatient });
    expect(silent).toMatchObject({
      code: 'timeout',
      message: 'Get "http://HOST/v2/": net/http: timeout awaiting response headers',
    });
    const begin = (request: FakeRequest) => request.begin(1000, Buffer.from('{'));
    const halfway = await resolveFrom(begin, 'x', { limits: impatient });
    expect(halfway.code).toBe('timeout');
  });

  test('ends when the caller cancels', async () => {
    await using fake = await FakeRegistry.start(() => abort.abort());
    const abort = new AbortController();
    using registry = createRegistry();
    const pending = registry.resolve(parseReference(`${fake.host}/x`), { signal: abort.signal });
    await expect(pending).rejects.toMatchObject({ code: 'cancelled', message: 'context canceled' });
    await expect(
      registry.resolve(parseReference(`${fake.host}/x`), { signal: abort.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('says in the words of Go that nobody listens', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    using registry = client();
    await expect(registry.resolve(parseReference(`127.0.0.1:${port}/x`), {})).rejects.toThrow(
      `Get "http://127.0.0.1:${port}/v2/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
  });

  test('says that there is no such host', async () => {
    using registry = client({ limits: { ...limits, headMs: 10_000 } });
    await expect(registry.resolve(parseReference('registry.invalid/x'), {})).rejects.toThrow(
      /^Get "https:\/\/registry\.invalid\/v2\/": dial tcp: lookup registry\.invalid.*: (no such host|server misbehaving)$/,
    );
  });

  test('refuses old, strange and foreign images', async () => {
    const answerWith = async (document: unknown) =>
      (await resolveFrom((request) => request.reply(200, JSON.stringify(document)))).message;
    const parsed = JSON.parse(image.manifest.toString());
    expect(await answerWith({ schemaVersion: 1 })).toContain('schema 1 support has been removed');
    const plugin = 'application/vnd.docker.plugin.v1+json';
    expect(await answerWith({ ...parsed, config: { ...parsed.config, mediaType: plugin } })).toBe(
      `Encountered remote "${plugin}"(plugin) when fetching`,
    );
    const layer = { ...parsed.layers[0], mediaType: 'text/x' };
    expect(await answerWith({ ...parsed, layers: [layer] })).toBe('unsupported media type text/x');
  });
});

describe('describe', () => {
  test('asks by HEAD, and by GET only if the digest is not in the header', async () => {
    await using fake = await FakeRegistry.start((request) => serve(image, request));
    await using terse = await FakeRegistry.start((request) => request.reply(200, image.manifest));
    using registry = client();
    const described = await registry.describe(parseReference(`${fake.host}/x:latest`), {});
    expect(described).toEqual(descriptorOf(MEDIA_TYPES.ociManifest, image.manifest));
    expect(fake.requests.map(({ method }) => method)).toEqual(['HEAD']);
    const fetched = await registry.describe(parseReference(`${terse.host}/x:latest`), {});
    expect(fetched.digest).toBe(image.manifestDigest);
    expect(terse.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });
});
