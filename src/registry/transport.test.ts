import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReference, type Reference } from '../spec/reference.ts';
import { createRegistry } from './create-registry.ts';
import { fetchBlob } from './fetch-blob.ts';
import type { TrustStore } from './http/certificates.ts';
import { NO_PROXIES } from './http/proxies.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { resolve } from './resolve.ts';
import { Session } from './session.ts';
import { fakeImage, sha256 } from './testing/fake-image.ts';
import { FakeRegistry } from './testing/fake-registry.ts';

/** Debian installs it with ca-certificates. */
const OPENSSL = 'openssl';
const trust = { authoritiesFile: '', certificatesDirectories: [] };
const limits = { ...DEFAULT_LIMITS, headMs: 2000, attempts: 2, backoffMs: 1 };
const nothing = { insecureRegistries: [], registryMirrors: [], mirrors: {}, proxies: NO_PROXIES };
const image = fakeImage(Buffer.from('layer'));
const listener: RequestListener = (request, response) => {
  const name = request.url?.split('/').at(-1) ?? '';
  const bytes = name === 'latest' ? image.manifest : image.blobs.get(name);
  response.writeHead(bytes ? 200 : 404).end(bytes);
};

let directory = '';
let tls: { key: Buffer; cert: Buffer };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'minke-registry-tls-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  spawnSync(OPENSSL, ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject]);
  tls = { key: readFileSync(key), cert: readFileSync(cert) };
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function listen(server: Server, port = 0): Promise<number> {
  const { promise, resolve: ready } = Promise.withResolvers<void>();
  server.listen(port, '127.0.0.1', ready);
  await promise;
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server): Promise<void> {
  const { promise, resolve: closed } = Promise.withResolvers<void>();
  server.closeAllConnections();
  server.close(() => closed());
  await promise;
}

describe('scheme', () => {
  test('a loopback registry with a certificate of its own is served over TLS', async () => {
    const server = createHttpsServer(tls, listener);
    const port = await listen(server);
    using registry = createRegistry({ limits });
    const resolved = await registry.resolve(parseReference(`localhost:${port}/x`), {});
    expect(resolved.manifestDigest).toBe(image.manifestDigest);
    await close(server);
  });

  test('follows a registry that changes from HTTP to TLS and back', async () => {
    using registry = createRegistry({ limits });
    const first = createHttpServer(listener);
    const port = await listen(first);
    const reference = parseReference(`localhost:${port}/x`);
    await registry.resolve(reference, {});
    await close(first);
    const second = createHttpsServer(tls, listener);
    await listen(second, port);
    await registry.resolve(reference, {});
    await close(second);
    const third = createHttpServer(listener);
    await listen(third, port);
    await registry.resolve(reference, {});
    await close(third);
  });

  test('an unknown authority and plain HTTP are refused where TLS is demanded', async () => {
    const [secure, plain] = [createHttpsServer(tls, listener), createHttpServer(listener)];
    const ports = [await listen(secure), await listen(plain)];
    using session = new Session({
      limits,
      trust,
      userAgent: 'test',
      ...nothing,
    });
    const errorAt = async (port: number | undefined) => {
      const url = new URL(`https://127.0.0.1:${port}`);
      const request = { method: 'GET' as const, path: '/v2/', scopes: [], opening: true };
      const endpoint = { url, verifyTls: true, mirror: false, contacted: false, restsUntil: 0 };
      return await session.send(endpoint, request).then(String, (error: Error) => error.message);
    };
    expect(await errorAt(ports[0])).toBe(
      `Get "https://127.0.0.1:${ports[0]}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    expect(await errorAt(ports[1])).toBe(
      `Get "https://127.0.0.1:${ports[1]}/v2/": http: server gave HTTP response to HTTPS client`,
    );
    await Promise.all([close(secure), close(plain)]);
  });
});

describe('certificates', () => {
  test('of a registry are taken from its directory, or from the bundle of the host', async () => {
    const server = createHttpsServer(tls, listener);
    const port = await listen(server);
    const certificatesDirectory = join(directory, 'certs.d');
    const own = join(certificatesDirectory, `127.0.0.1:${port}`);
    mkdirSync(own, { recursive: true });
    const bundle = join(directory, 'cert.pem');
    copyFileSync(bundle, join(own, 'ca.crt'));
    const options = { ...nothing, limits, userAgent: 'test' };
    const ping = async (store: TrustStore) => {
      using session = new Session({ ...options, trust: store });
      const url = new URL(`https://127.0.0.1:${port}`);
      const endpoint = { url, verifyTls: true, mirror: false, contacted: false, restsUntil: 0 };
      const answer = await session.send(endpoint, { method: 'GET', path: '/latest', scopes: [] });
      await answer.body.discard();
      return answer.status;
    };
    expect(await ping({ ...trust, certificatesDirectories: [certificatesDirectory] })).toBe(200);
    expect(await ping({ ...trust, authoritiesFile: bundle })).toBe(200);
    await expect(ping(trust)).rejects.toThrow('certificate signed by unknown authority');
    copyFileSync(bundle, join(own, 'client.cert'));
    await expect(ping({ ...trust, certificatesDirectories: [certificatesDirectory] })).rejects.toThrow(
      'missing key client.key for client certificate client.cert. CA certificates must use the extension .crt',
    );
    await close(server);
  });
});

describe('mirrors', () => {
  test('of our own key are shown the login in their URL, and nobody else is', async () => {
    const server = createHttpServer(listener);
    const port = await listen(server);
    await using mirror = await FakeRegistry.start((request) => {
      const right = request.headers['authorization'] === `Basic ${btoa('mirror user:p@ss')}`;
      request.reply(right ? 404 : 401, '{}', right ? {} : { 'www-authenticate': 'Basic realm="r"' });
    });
    const domain = `127.0.0.1:${port}`;
    const mirrors = { [domain]: [`http://mirror%20user:p%40ss@${mirror.host}/`] };
    using session = new Session({ limits, trust, userAgent: 'test', ...nothing, mirrors });
    const resolved = await resolve(session, { domain, path: 'x', tag: 'latest' }, {});
    expect(resolved.target.digest).toBe(image.manifestDigest);
    expect(mirror.requests.map(({ headers }) => headers['authorization'] !== undefined)).toEqual([
      false,
      true,
    ]);
    await close(server);
    const login = { ...nothing, registryMirrors: [`http://u:p@${mirror.host}`] };
    expect(() => new Session({ limits, trust, userAgent: 'test', ...login })).toThrow('invalid mirror');
  });

  const reference: Reference = { domain: 'docker.io', path: 'x', tag: 'latest' };

  test('the next one is asked when one fails, and credentials are shown to none', async () => {
    await using broken = await FakeRegistry.start((request) =>
      request.reply(401, '', { 'www-authenticate': 'Basic realm="r"' }),
    );
    const server = createHttpServer(listener);
    const port = await listen(server);
    const registryMirrors = [`http://${broken.host}`, `http://127.0.0.1:${port}/prefix/`];
    using session = new Session({
      limits,
      trust,
      userAgent: 'test',
      ...nothing,
      registryMirrors,
    });
    const auth = { username: 'u', password: 'p' };
    const resolved = await resolve(session, reference, { auth });
    const chunks: Uint8Array[] = [];
    for (const layer of resolved.manifest.layers) {
      for await (const chunk of fetchBlob(session, reference, layer, { auth })) chunks.push(chunk);
    }
    expect(sha256(Buffer.concat(chunks))).toBe(image.layers[0]?.descriptor.digest as never);
    expect(broken.requests.some(({ headers }) => headers['authorization'] !== undefined)).toBe(false);
    await close(server);
  });
});
