import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEDIA_TYPES } from '../spec/oci/image.ts';
import { parseReference } from '../spec/reference.ts';
import { createRegistry } from './create-registry.ts';
import { type FakeImage, fakeImage, sha256 } from './testing/fake-image.ts';

/** CNCF distribution, from Debian. */
const PROGRAM = '/usr/bin/docker-registry';
const image = fakeImage(randomBytes(5 << 20), Buffer.from('small'));

/** `docker-registry` on a free port and a directory of its own. */
class RealRegistry implements AsyncDisposable {
  readonly host: string;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(host: string, child: ChildProcess, directory: string) {
    this.host = host;
    this.#process = child;
    this.#directory = directory;
  }

  static async start(htpasswd?: string): Promise<RealRegistry> {
    const directory = mkdtempSync(join(tmpdir(), 'minke-registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    const passwords = join(directory, 'htpasswd');
    const auth = htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'r', path: passwords } } };
    if (htpasswd !== undefined) writeFileSync(passwords, htpasswd);
    const config = {
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory, 'data') } },
      http: { addr: host },
      ...auth,
    };
    const file = join(directory, 'config.yml');
    writeFileSync(file, JSON.stringify(config));
    const child = spawn(PROGRAM, ['serve', file], { stdio: 'ignore' });
    const registry = new RealRegistry(host, child, directory);
    for (let i = 0; i < 500; i++) {
      if (await call('GET', `http://${host}/v2/`).catch(() => undefined)) return registry;
      await Bun.sleep(10);
    }
    await registry[Symbol.asyncDispose]();
    throw new Error('docker-registry does not answer');
  }

  async push(name: string, tag: string, { blobs, manifest, manifestDigest }: FakeImage, authorization = '') {
    const headers: Record<string, string> = authorization ? { authorization } : {};
    for (const [digest, bytes] of blobs) {
      if (digest === manifestDigest) continue;
      const started = await call('POST', `http://${this.host}/v2/${name}/blobs/uploads/`, headers);
      const location = new URL(started.location, `http://${this.host}`);
      location.searchParams.set('digest', digest);
      await call('PUT', location.href, { ...headers, 'content-type': 'application/octet-stream' }, bytes);
    }
    const type = { ...headers, 'content-type': MEDIA_TYPES.ociManifest };
    const { status } = await call('PUT', `http://${this.host}/v2/${name}/manifests/${tag}`, type, manifest);
    expect(status).toBe(201);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#process.once('exit', () => resolve());
    this.#process.kill('SIGKILL');
    await promise;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
  return await promise;
}

function call(method: string, url: string, headers: Record<string, string> = {}, body?: Uint8Array) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; location: string }>();
  const length = { 'content-length': String(body?.length ?? 0) };
  const request = httpRequest(url, { method, headers: { ...headers, ...length } }, (response) => {
    response.resume();
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' }),
    );
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}

describe.skipIf(!existsSync(PROGRAM))('against docker-registry', () => {
  let real: RealRegistry;
  const registry = createRegistry();

  beforeAll(async () => {
    real = await RealRegistry.start();
    await real.push('team/app', '1', image);
  });

  afterAll(async () => {
    registry[Symbol.dispose]();
    await real[Symbol.asyncDispose]();
  });

  test('resolves by tag and by digest, and fetches whole blobs and rests of them', async () => {
    const tagged = await registry.resolve(parseReference(`${real.host}/team/app:1`), {});
    expect(tagged.target.digest).toBe(image.manifestDigest);
    const reference = parseReference(`${real.host}/team/app@${image.manifestDigest}`);
    expect(await registry.resolve(reference, {})).toEqual(tagged);
    for (const { descriptor, bytes } of image.layers) {
      for (const offset of [0, 3]) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of registry.fetchBlob(reference, descriptor, { offset })) chunks.push(chunk);
        expect(sha256(Buffer.concat(chunks))).toBe(sha256(bytes.subarray(offset)));
      }
    }
  });

  test('describes by HEAD', async () => {
    const described = await registry.describe(parseReference(`${real.host}/team/app:1`), {});
    expect(described).toEqual({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: image.manifestDigest,
      size: image.manifest.length,
    });
  });

  test('says what Docker says of what is not there', async () => {
    const { host } = real;
    await expect(registry.resolve(parseReference(`${host}/team/app:2`), {})).rejects.toMatchObject({
      code: 'not-found',
      message: `manifest for ${host}/team/app:2 not found: manifest unknown: manifest unknown`,
    });
    await expect(registry.resolve(parseReference(`${host}/no:1`), {})).rejects.toMatchObject({
      code: 'not-found',
      message: `manifest for ${host}/no:1 not found: manifest unknown: manifest unknown`,
    });
    const missing = { mediaType: '', digest: sha256(Buffer.from('none')), size: 4 };
    const read = async () => {
      for await (const _ of registry.fetchBlob(parseReference(`${host}/team/app:1`), missing, {}));
    };
    await expect(read()).rejects.toThrow('unknown blob');
  });

  test('logs in and pulls with a password', async () => {
    await using locked = await RealRegistry.start(
      `u:${await Bun.password.hash('p', { algorithm: 'bcrypt', cost: 4 })}\n`,
    );
    await locked.push('app', '1', image, `Basic ${Buffer.from('u:p').toString('base64')}`);
    const reference = parseReference(`${locked.host}/app:1`);
    const auth = { username: 'u', password: 'p', serveraddress: locked.host };
    await expect(registry.resolve(reference, {})).rejects.toThrow('no basic auth credentials');
    await expect(registry.resolve(reference, { auth: { ...auth, password: 'x' } })).rejects.toThrow(
      'unauthorized: authentication required',
    );
    expect((await registry.resolve(reference, { auth })).manifestDigest).toBe(image.manifestDigest);
    expect(await registry.login(auth)).toEqual({ status: 'Login Succeeded', identityToken: '' });
    await expect(registry.login({ ...auth, password: 'x' })).rejects.toThrow(
      `login attempt to http://${locked.host}/v2/ failed with status: 401 Unauthorized`,
    );
  });

  test('tells in Docker’s way that the registry has gone, at once', async () => {
    const gone = await RealRegistry.start();
    await gone.push('app', '1', image);
    await registry.resolve(parseReference(`${gone.host}/app:1`), {});
    await gone[Symbol.asyncDispose]();
    await expect(registry.resolve(parseReference(`${gone.host}/app:1`), {})).rejects.toThrow(
      `Get "http://${gone.host}/v2/": dial tcp ${gone.host}: connect: connection refused`,
    );
  });
});
