import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { HostileRegistry, type Script } from '../fixtures/hostile-registry.ts';
import { blob, buildImage, type ImageData, MEDIA } from '../fixtures/image.ts';
import { until, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

const USER = 'ann';
const PASSWORD = 'secret of ann';
const BASIC = `Basic ${btoa(`${USER}:${PASSWORD}`)}`;
const started: { stop(): Promise<unknown> }[] = [];

afterAll(async () => {
  for (const registry of started) await registry.stop();
});

beforeAll(async () => {
  await engine();
});

/** An image that no other test has. */
const fresh = (size = 1000): ImageData =>
  buildImage({ layers: [busyboxRootfs(), tar([{ name: uniqueName('f'), content: randomBytes(size) }])] });

async function serving(image: ImageData, script: Script = () => false): Promise<HostileRegistry> {
  const registry = await HostileRegistry.start({ victim: image });
  registry.script = script;
  started.push(registry);
  return registry;
}

/** A manifest with another content, in the place of the image's own. */
function altered(image: ImageData, change: (manifest: Manifest) => void, blobs = image.blobs): ImageData {
  const manifest = JSON.parse(image.manifest.bytes.toString()) as Manifest;
  change(manifest);
  return { ...image, manifest: blob(JSON.stringify(manifest)), blobs };
}

interface Manifest {
  config: { digest: string; size: number; mediaType: string };
  layers: { digest: string; size: number; mediaType: string }[];
}

/** All files and folders of the data-root, except for what goes on at any time. */
async function onDisk(): Promise<string[]> {
  const { daemon } = await engine();
  const entries = readdirSync(daemon.dataRoot, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => join(entry.parentPath, entry.name).slice(daemon.dataRoot.length))
    .filter((path) => !/^\/(containers|network|volumes|buildkit|events)/.test(path))
    .sort();
}

/** Pulls what must fail, and checks that it left nothing. */
async function refused(
  reference: string,
  sentence: RegExp,
  options: { timeout?: number; client?: Client } = {},
) {
  const { docker } = await engine();
  const before = await onDisk();
  const result = await (options.client ?? docker).run(['pull', reference], {
    timeout: options.timeout ?? 40_000,
  });
  expect(result.stderr).toMatch(sentence);
  expect(result.code).toBe(1);
  if (ENGINE === 'docker') return;
  const left = async () => (await onDisk()).filter((path) => !before.includes(path));
  await until('nothing to be left', async () => (await left()).length === 0).catch(async () => {
    expect(await left()).toEqual([]);
  });
}

/** A docker CLI that is logged in there. */
async function loggedIn(address: string, more: object = {}): Promise<Client> {
  const { daemon } = await engine();
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  const folder = workFolder('person');
  const auths = { [address]: { auth: btoa(`${USER}:${PASSWORD}`), ...more } };
  await Bun.write(join(folder, 'config.json'), JSON.stringify({ auths }));
  return new Client(cli, daemon.host, { DOCKER_CONFIG: folder });
}

/** A server elsewhere, that keeps what it is shown. */
async function elsewhere(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: { line: string; authorization: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({
      line: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
      body,
    });
    answer(request, response);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const at = server.address();
  const address = `127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`;
  started.push({
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return { address, seen };
}

describe('a registry that', () => {
  test('sends blobs from elsewhere shows no credentials there', async () => {
    const image = fresh();
    const { docker } = await engine();
    const store = await elsewhere((request, response) => {
      const digest = request.url?.split('/').at(-1);
      response.end(image.blobs.find((part) => part.digest === digest)?.bytes);
    });
    const registry = await serving(image, (request, response) => {
      if (request.headers.authorization !== BASIC) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
        return true;
      }
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { Location: `http://u:p@${store.address}${request.url}` }).end();
      return true;
    });
    const client = await loggedIn(registry.address);
    const reference = `${registry.address}/victim`;
    expect(await client.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
    expect(store.seen.length).toBeGreaterThanOrEqual(2);
    // Compat: Docker takes a user from the URL of the redirect; it is not ours.
    const shown = store.seen.map(({ authorization }) => authorization).filter((value) => value === BASIC);
    expect(shown).toEqual([]);
    if (ENGINE === 'minke')
      expect(store.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
    await docker.ok(['rmi', '-f', reference]);
  });

  test('sends blobs from where somebody asks for a login gives them none', async () => {
    const image = fresh();
    const thief = await elsewhere((_request, response) => {
      response.end(JSON.stringify({ token: 'x' }));
    });
    const store = await elsewhere((_request, response) => {
      response
        .writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${thief.address}/token",service="s"` })
        .end();
    });
    const registry = await serving(image, (request, response) => {
      if (request.headers.authorization !== BASIC) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end();
        return true;
      }
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(302, { Location: `http://${store.address}/blob` }).end();
      return true;
    });
    await refused(`${registry.address}/victim`, /./, { client: await loggedIn(registry.address) });
    const all = [...thief.seen, ...store.seen].map(({ authorization }) => authorization);
    expect(all.filter((value) => value === BASIC)).toEqual([]);
  });

  // Docker 20.10 sends an identity token along.
  test.each(['password', ...(ENGINE === 'docker' ? [] : ['identity token'])])(
    'has a token server that leads elsewhere shows no %s there',
    async (what) => {
      const thief = await elsewhere((_request, response) => {
        response.end(JSON.stringify({ token: 'x' }));
      });
      const tokens = await elsewhere((request, response) => {
        response.writeHead(307, { Location: `http://${thief.address}${request.url}` }).end();
      });
      const registry = await serving(fresh(), (_request, response) => {
        response
          .writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${tokens.address}/token",service="s"` })
          .end();
        return true;
      });
      const more = what === 'password' ? {} : { identitytoken: 'my-identity' };
      await refused(`${registry.address}/victim`, /./, { client: await loggedIn(registry.address, more) });
      const proof = ({ authorization, body }: (typeof tokens.seen)[number]) =>
        authorization === BASIC || body.includes('my-identity');
      expect(tokens.seen.some(proof)).toBe(true);
      const shown = thief.seen.filter(
        ({ authorization, body }) => authorization !== undefined || body !== '',
      );
      expect(shown).toEqual([]);
    },
  );

  const redirects: [string, string | ((registry: HostileRegistry) => string), RegExp][] = [
    [
      'a file',
      'file:///etc/passwd',
      /redirect to something that is not HTTP|unsupported protocol scheme "file"/,
    ],
    ['itself for ever', '/v2/victim/blobs/again', /stopped after 10 redirects/],
    ['nowhere', 'http://127.0.0.1:1/x', /connection refused/],
  ];
  test.each(redirects)('leads to %s is an error', async (_where, location, sentence) => {
    const registry = await serving(fresh(), (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(302, { Location: String(location) }).end();
      return true;
    });
    await refused(`${registry.address}/victim`, sentence);
  });

  // Docker 20.10 fetches for more than a minute.
  test.skipIf(ENGINE === 'docker')('has 10,000 layers', async () => {
    const image = altered(fresh(), (manifest) => {
      const [layer] = manifest.layers;
      manifest.layers = Array.from({ length: 10_000 }, () => layer ?? manifest.config);
    });
    const registry = await serving(image);
    await refused(`${registry.address}/victim`, /max depth exceeded|layers from manifest/);
  });

  test('has a configuration of 100 MB', async () => {
    const image = fresh();
    const size = 100 << 20;
    const config = { bytes: Buffer.alloc(size, ' '), digest: '' };
    config.bytes.write('{"a":"');
    config.digest = `sha256:${createHash('sha256').update(config.bytes).digest('hex')}`;
    const big = altered(
      image,
      (manifest) => {
        manifest.config = { ...manifest.config, digest: config.digest, size };
      },
      [config, ...image.blobs.slice(1)],
    );
    const registry = await serving(big);
    await refused(
      `${registry.address}/victim`,
      /image configuration is too large|invalid character|unexpected end/,
    );
    // Its size was declared: not one byte of it was asked for.
    if (ENGINE === 'minke')
      expect(registry.requests.filter((line) => line.includes(config.digest))).toEqual([]);
  });

  const deep = (open: string, close: string) => Buffer.from(open.repeat(100_000) + close.repeat(100_000));
  test.each([
    ['arrays', deep('[', ']')],
    ['objects', deep('{"a":', '}')],
  ])('has a manifest of %s nested 100,000 deep', async (_what, bytes) => {
    const manifest = { bytes, digest: blob(bytes).digest };
    const registry = await serving({ mediaType: MEDIA.ociManifest, manifest, blobs: [], children: [] });
    await refused(
      `${registry.address}/victim`,
      /nested more than 64 levels deep|exceeded max depth|invalid character|cannot unmarshal/,
    );
  });

  test('has a configuration nested 100,000 deep', async () => {
    const config = blob(`{"rootfs":${deep('[', ']').toString()}}`);
    const image = fresh();
    const nested = altered(
      image,
      (manifest) => {
        manifest.config = { ...manifest.config, digest: config.digest, size: config.bytes.length };
      },
      [config, ...image.blobs.slice(1)],
    );
    const registry = await serving(nested);
    await refused(
      `${registry.address}/victim`,
      /nested more than 64 levels deep|exceeded max depth|cannot unmarshal/,
    );
  });

  // Docker 20.10 looks at few of these sizes.
  test.skipIf(ENGINE === 'docker').each([
    ['longer', 100],
    ['shorter', -100],
  ])('declares a layer %s than it is', async (_what, difference) => {
    const image = altered(fresh(), (manifest) => {
      const layer = manifest.layers.at(-1);
      if (layer) layer.size += difference;
    });
    const registry = await serving(image);
    await refused(`${registry.address}/victim`, /manifest declares|unexpected EOF|verification failed/);
  });

  test.skipIf(ENGINE === 'docker')('declares a configuration of another size', async () => {
    const image = altered(fresh(), (manifest) => {
      manifest.config.size += 1;
    });
    const registry = await serving(image);
    await refused(`${registry.address}/victim`, /image config verification failed for digest|unexpected EOF/);
  });

  // Docker 20.10 believes a tag's digest without looking.
  test.skipIf(ENGINE === 'docker')('gives another digest than it declares', async () => {
    const registry = await serving(fresh(), (request, response) => {
      response.setHeader('Docker-Content-Digest', `sha256:${'0'.repeat(64)}`);
      if (!request.url?.includes('/manifests/')) return false;
      const image = fresh();
      response.writeHead(200, {
        'Content-Type': image.mediaType,
        'Content-Length': image.manifest.bytes.length,
      });
      response.end(request.method === 'HEAD' ? undefined : image.manifest.bytes);
      return true;
    });
    await refused(`${registry.address}/victim`, /manifest verification failed for digest sha256:0{64}/);
  });

  test.skipIf(ENGINE === 'docker')('sends a manifest without end', async () => {
    const registry = await serving(fresh(), (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response.writeHead(200, { 'Content-Type': MEDIA.ociManifest });
      if (request.method === 'HEAD') {
        response.end();
        return true;
      }
      const piece = Buffer.alloc(1 << 16, ' ');
      const more = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on('drain', more);
      more();
      return true;
    });
    await refused(`${registry.address}/victim`, /manifest is larger than \d+ bytes|bytes/);
  });
});

describe('a registry that is only busy', () => {
  /** Answers so a few times, for each path, before it serves. */
  const few = (
    times: number,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Script => {
    const counts = new Map<string, number>();
    return (request, response) => {
      const path = request.url ?? '';
      const count = (counts.get(path) ?? 0) + 1;
      counts.set(path, count);
      if (path === '/v2/' || count > times) return false;
      answer(request, response);
      return true;
    };
  };

  test.skipIf(ENGINE === 'docker').each([
    [
      'says 429 and when to come again',
      few(1, (_, response) => response.writeHead(429, { 'Retry-After': '1' }).end()),
    ],
    ['says 503', few(2, (_, response) => response.writeHead(503).end())],
    ['says 500', few(2, (_, response) => response.writeHead(500).end('on fire'))],
    ['resets the connection', few(1, (_, response) => response.socket?.resetAndDestroy())],
    ['hangs up', few(1, (_, response) => response.socket?.destroy())],
  ] as [string, Script][])('%s is asked again', async (_what, script) => {
    const { docker } = await engine();
    const image = fresh(100_000);
    const registry = await serving(image, script);
    const reference = `${registry.address}/victim`;
    expect(await docker.ok(['pull', '-q', reference], { timeout: 50_000 })).toBe(`${reference}:latest`);
    const last = image.blobs.at(-1)?.digest ?? '';
    expect(registry.requests.filter((line) => line.includes(last)).length).toBeGreaterThan(1);
    await docker.ok(['rmi', reference]);
  });

  // Docker's client asks three times for each of its attempts.
  test.skipIf(ENGINE === 'docker')(
    'is asked for a layer as often as max-download-attempts says',
    async () => {
      const image = fresh();
      const last = image.blobs.at(-1)?.digest ?? '';
      const registry = await serving(image, (request, response) => {
        if (!request.url?.includes(last)) return false;
        response.writeHead(500).end();
        return true;
      });
      const daemon = await Daemon.start({ subnet: 89, config: { 'max-download-attempts': 2 } });
      started.push(daemon);
      const [cli] = dockerClis();
      if (!cli) throw new Error('no docker CLI');
      const result = await new Client(cli, daemon.host).run(['pull', `${registry.address}/victim`], {
        timeout: 50_000,
      });
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('received unexpected HTTP status: 500 Internal Server Error');
      const tries = registry.requests.filter((line) => line.includes(last)).length;
      // The first answer that is not a plain 200 is asked for once more, by the ordinary way (src/registry/http/direct.ts).
      expect(tries - 1).toBe(2);
    },
  );

  test.skipIf(ENGINE === 'docker')('for an hour is not waited for', async () => {
    const registry = await serving(fresh(), (_request, response) => {
      const body = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'come back later' }] });
      response.writeHead(429, { 'Retry-After': '3600', 'Content-Type': 'application/json' }).end(body);
      return true;
    });
    await refused(`${registry.address}/victim`, /toomanyrequests: come back later/);
    expect(registry.requests).toHaveLength(1);
  });

  test.skipIf(ENGINE === 'docker')('with a layer is asked for the rest of it', async () => {
    const { docker } = await engine();
    const image = fresh(3 << 20);
    const layer = image.blobs.at(-1);
    if (!layer) throw new Error('no layer');
    let cut = 0;
    const ranges: string[] = [];
    const registry = await serving(image, (request, response) => {
      if (!request.url?.includes(layer.digest)) return false;
      const { range = '' } = request.headers;
      ranges.push(range);
      const from = Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? 0);
      const { length } = layer.bytes;
      response.writeHead(range ? 206 : 200, {
        'Content-Length': length - from,
        ...(range && { 'Content-Range': `bytes ${from}-${length - 1}/${length}` }),
      });
      const isCut = cut++ === 0;
      const part = layer.bytes.subarray(from, isCut ? from + 2_000_000 : length);
      response.write(part, () => (isCut ? response.socket?.destroy() : response.end()));
      return true;
    });
    const reference = `${registry.address}/victim`;
    expect(await docker.ok(['pull', '-q', reference], { timeout: 50_000 })).toBe(`${reference}:latest`);
    expect(ranges.length).toBeGreaterThan(1);
    expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    await docker.ok(['rmi', reference]);
  });
});
