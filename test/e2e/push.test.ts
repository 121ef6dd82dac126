import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { BreakingProxy } from '../fixtures/breaking-proxy.ts';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sleep, until, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';
import { TokenServer } from '../fixtures/token-server.ts';

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Built {
  /** The name it was loaded as. */
  name: string;
  id: string;
  layers: Buffer[];
}

/** An image that no registry has ever seen: it comes by `docker load`. */
async function load(layers: Buffer[] = [busyboxRootfs(), tar([{ name: 'who', content: uniqueName('w') }])]) {
  const { docker } = await engine();
  const name = `${uniqueName('built')}:1`;
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['cat', '/who'], Labels: { of: name } },
      rootfs: { type: 'layers', diff_ids: layers.map(sha256) },
    }),
  );
  const manifest = [
    { Config: 'config.json', RepoTags: [name], Layers: layers.map((_layer, index) => `${index}.tar`) },
  ];
  const archive = tar([
    ...layers.map((content, index) => ({ name: `${index}.tar`, content })),
    { name: 'config.json', content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
  const said = await docker.ok(['load'], { input: archive });
  expect(said).toContain(`Loaded image: ${name}`);
  return { name, id: sha256(config), layers } satisfies Built;
}

/** Tags `image` as `repository:tag` at a registry, whose name it gives. */
async function tagged(
  image: Built,
  address: string,
  repository = uniqueName('p'),
  tag = '1',
): Promise<string> {
  const { docker } = await engine();
  const target = `${address}/${repository}:${tag}`;
  await docker.ok(['tag', image.name, target]);
  return target;
}

async function manifestOf(address: string, repository: string, tag = '1') {
  const response = await fetch(`http://${address}/v2/${repository}/manifests/${tag}`, {
    headers: { Accept: 'application/vnd.docker.distribution.manifest.v2+json' },
  });
  expect(response.status).toBe(200);
  const text = await response.text();
  const manifest = JSON.parse(text) as {
    mediaType: string;
    config: { mediaType: string; digest: string };
    layers: { mediaType: string; digest: string; size: number }[];
  };
  return { text, digest: sha256(Buffer.from(text)), manifest };
}

const short = (layer: Uint8Array) => sha256(layer).slice(7, 19);
/** Requests that carry bytes of layers. */
const uploads = (requests: string[]) => requests.filter((line) => /^(PATCH|PUT) \S*\/blobs\//.test(line));

async function personal(): Promise<Client> {
  const { daemon } = await engine();
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  return new Client(cli, daemon.host, { DOCKER_CONFIG: workFolder('person') });
}

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
}, 30_000);
afterAll(async () => await registry?.stop());

describe('docker push', () => {
  test('sends an image that is new, and says what it does', async () => {
    using _calm = await calm('a push made again finds what the first one sent');
    const { docker } = await engine();
    const noise = tar([{ name: 'noise', content: randomBytes(3_000_000) }]);
    const image = await load([busyboxRootfs(), noise, tar([{ name: 'who', content: 'me' }])]);
    const name = await tagged(image, registry.address);
    const repository = name.split('/')[1]?.split(':')[0] ?? '';
    const lines = (await docker.ok(['push', name])).split('\n');
    expect(lines[0]).toBe(`The push refers to repository [${registry.address}/${repository}]`);
    const ids = image.layers.map(short).reverse();
    expect(lines.slice(1, 4)).toEqual(ids.map((id) => `${id}: Preparing`));
    expect(lines.filter((line) => line.endsWith(': Pushed')).toSorted()).toEqual(
      ids.map((id) => `${id}: Pushed`).toSorted(),
    );
    const { text, digest, manifest } = await manifestOf(registry.address, repository);
    expect(lines.at(-1)).toBe(`1: digest: ${digest} size: ${text.length}`);
    expect(manifest.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
    expect(manifest.config).toMatchObject({
      mediaType: 'application/vnd.docker.container.image.v1+json',
      digest: image.id,
    });
    for (const [index, layer] of manifest.layers.entries()) {
      expect(layer.mediaType).toBe('application/vnd.docker.image.rootfs.diff.tar.gzip');
      const blob = await fetch(`http://${registry.address}/v2/${repository}/blobs/${layer.digest}`);
      const bytes = Buffer.from(await blob.arrayBuffer());
      expect(bytes.length).toBe(layer.size);
      expect(sha256(bytes)).toBe(layer.digest);
      expect(gunzipSync(bytes).equals(image.layers[index] as Buffer)).toBe(true);
    }
    expect(await docker.ok(['image', 'inspect', '-f', '{{json .RepoDigests}}', name])).toContain(
      `${registry.address}/${repository}@${digest}`,
    );
  });

  test('of what is there sends no byte of a layer', async () => {
    const { docker } = await engine();
    const image = await load();
    const name = await tagged(image, registry.address);
    const first = await docker.ok(['push', name]);
    const before = registry.requests().length;
    const again = (await docker.ok(['push', name])).split('\n');
    expect(uploads(registry.requests().slice(before))).toEqual([]);
    expect(again.filter((line) => line.endsWith(': Layer already exists')).length).toBe(2);
    expect(again.at(-1)).toBe(first.split('\n').at(-1) as string);
    expect(await docker.ok(['push', '-q', name])).toBe(name);
  });

  test('to another repository of the registry mounts the layers', async () => {
    using _calm = await calm('a push made again finds what the first one mounted');
    const { docker } = await engine();
    const image = await load();
    const name = await tagged(image, registry.address);
    await docker.ok(['push', name]);
    const from = name.split('/')[1]?.split(':')[0] ?? '';
    const before = registry.requests().length;
    const other = await tagged(image, registry.address, `deep/${uniqueName('m')}`);
    const said = await docker.ok(['push', other]);
    expect(said).toContain(`${short(image.layers[1] as Buffer)}: Mounted from ${from}`);
    const requests = registry.requests().slice(before);
    const mounts = requests.filter((line) => /^POST \S*[?&]mount=sha256/.test(line) && line.endsWith(' 201'));
    expect(mounts.length).toBe(2);
    // The config is no layer: it is sent.
    const config = (line: string) => line.includes(image.id.replace(':', '%3A'));
    expect(uploads(requests).filter((line) => line.startsWith('PUT') && !config(line))).toEqual([]);
  });

  test('-a pushes all tags', async () => {
    const { docker } = await engine();
    const [one, two] = [await load(), await load()];
    const repository = uniqueName('all');
    await tagged(one, registry.address, repository, 'a');
    await tagged(two, registry.address, repository, 'b');
    await tagged(one, registry.address, repository, 'c');
    const said = (await docker.ok(['push', '-a', `${registry.address}/${repository}`])).split('\n');
    expect(said.filter((line) => line.includes(': digest: ')).map((line) => line.slice(0, 2))).toEqual([
      'a:',
      'b:',
      'c:',
    ]);
    for (const [tag, image] of [
      ['a', one],
      ['b', two],
      ['c', one],
    ] as const) {
      expect((await manifestOf(registry.address, repository, tag)).manifest.config.digest).toBe(image.id);
    }
  });

  test("of a name that is not there says Docker's sentence", async () => {
    const { docker } = await engine();
    const image = await load();
    const name = await tagged(image, registry.address);
    const repository = name.slice(0, name.lastIndexOf(':'));
    const said = async (...args: string[]) => {
      const result = await docker.run(['push', ...args]);
      expect(result.code).toBe(1);
      return result.stderr.trim();
    };
    const none = `${registry.address}/none`;
    expect(await said(`${none}:1`)).toBe(`An image does not exist locally with the tag: ${none}`);
    expect(await said('-a', none)).toBe(`An image does not exist locally with the tag: ${none}`);
    expect(await said(`${repository}:2`)).toBe(`tag does not exist: ${repository}:2`);
    const nowhere = await tagged(image, '127.0.0.1:1', 'x');
    expect(await said(nowhere)).toBe(
      'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    );
  });

  test('writes its event', async () => {
    const { docker, daemon } = await engine();
    const image = await load();
    const name = await tagged(image, registry.address);
    await docker.ok(['push', name]);
    const filters = encodeURIComponent(JSON.stringify({ type: ['image'], event: ['push'] }));
    const now = Math.floor(Date.now() / 1000) + 1;
    const { text } = await daemon.api.get(`/events?since=0&until=${now}&filters=${filters}`);
    const actors = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).Actor);
    const repository = name.slice(0, name.lastIndexOf(':'));
    expect(actors).toContainEqual({ ID: name, Attributes: { name: repository, of: image.name } });
  });

  test('through an API without a login, or with a body that is none, is a wrong request', async () => {
    const { daemon } = await engine();
    const answer = await daemon.api.post('/images/x/push?tag=1');
    expect(answer.status).toBe(400);
    expect(answer.json().message).toMatch(/^[bB]ad parameters and missing X-Registry-Auth: /);
  });
});

describe('a registry that wants a login', () => {
  const USER = 'ann';
  const PASSWORD = 'corr:ect horse';

  test('by Basic: is pushed to with it, and not without', async () => {
    const basic = await Registry.start({ users: { [USER]: PASSWORD } });
    try {
      const docker = await personal();
      const name = await tagged(await load(), basic.address);
      const refused = await docker.run(['push', name]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('no basic auth credentials');
      await docker.ok(['login', '-u', USER, '--password-stdin', basic.address], { input: PASSWORD });
      expect(await docker.ok(['push', name])).toContain('1: digest: sha256:');
    } finally {
      await basic.stop();
    }
  });

  test('by tokens: asks for pull and push, also of where it mounts from; denied without', async () => {
    using _calm = await calm('a push made again finds what the first one mounted');
    const tokens = await TokenServer.start({ [USER]: PASSWORD });
    const registryOfTokens = await Registry.start({ token: tokens.registryOptions });
    try {
      const docker = await personal();
      const image = await load();
      const name = await tagged(image, registryOfTokens.address, 'first');
      const refused = await docker.run(['push', name]);
      expect(refused.code).toBe(1);
      expect(refused.stderr.trim()).toMatch(
        /^(denied: requested access to the resource is denied|unauthorized: authentication required)$/,
      );
      await docker.ok(['login', '-u', USER, '--password-stdin', registryOfTokens.address], {
        input: PASSWORD,
      });
      expect(await docker.ok(['push', name])).toContain('1: digest: sha256:');
      const scopes = () =>
        tokens.asked.flatMap(({ parameters }) =>
          parameters.getAll('scope').flatMap((scope) => scope.split(' ')),
        );
      expect(scopes().some((scope) => /^repository:first:(pull,push|push,pull)$/.test(scope))).toBe(true);
      const second = await tagged(image, registryOfTokens.address, 'second');
      expect(await docker.ok(['push', second])).toContain(': Mounted from first');
      expect(scopes()).toContain('repository:first:pull');
    } finally {
      await registryOfTokens.stop();
      await tokens.stop();
    }
  });
});

// Compat: Docker shares the work between pushes to one repository; what goes to another one at once it sends again.
test.skipIf(ENGINE === 'docker')('pushes of one layer at once send it once', async () => {
  using _calm = await calm('a push made again finds what the first one sent');
  const { docker } = await engine();
  await using proxy = await BreakingProxy.start(registry.address);
  const noise = tar([{ name: 'noise', content: randomBytes(4_000_000) }]);
  const image = await load([noise, tar([{ name: 'who', content: 'x' }])]);
  const repository = uniqueName('p');
  const names = [
    await tagged(image, proxy.address, repository, '1'),
    await tagged(image, proxy.address, repository, '2'),
    await tagged(image, proxy.address),
  ];
  proxy.delay = 5;
  const said = await Promise.all(names.map((name) => docker.ok(['push', name], { timeout: 60_000 })));
  expect(proxy.sent).toBeLessThan(5_000_000);
  const outcomes = said.map(
    (lines) => new RegExp(`${short(noise)}: (Pushed|Mounted|Layer already)`).exec(lines)?.[1],
  );
  expect(outcomes.sort().at(-1)).toBe('Pushed');
  expect(outcomes.filter((outcome) => outcome === 'Pushed')).toHaveLength(1);
});

describe('a push that is broken off', () => {
  test('goes on, and what arrives is whole', async () => {
    using _calm = await calm('a push made again finds what the first one sent');
    const { docker } = await engine();
    await using proxy = await BreakingProxy.start(registry.address);
    const noise = tar([{ name: 'noise', content: randomBytes(12_000_000) }]);
    const image = await load([noise, tar([{ name: 'who', content: 'x' }])]);
    const name = await tagged(image, proxy.address);
    const repository = name.split('/')[1]?.split(':')[0] ?? '';
    proxy.breakAfter = 5_000_000;
    const said = await docker.ok(['push', name], { timeout: 60_000 });
    expect(proxy.broken).toBe(1);
    expect(said).toContain(`${short(noise)}: Pushed`);
    const { manifest } = await manifestOf(registry.address, repository);
    const blob = await fetch(
      `http://${registry.address}/v2/${repository}/blobs/${manifest.layers[0]?.digest}`,
    );
    expect(gunzipSync(Buffer.from(await blob.arrayBuffer())).equals(noise)).toBe(true);
  }, 90_000);

  test('by Ctrl-C ends in the engine too', async () => {
    using _calm = await calm('the client is not asked again');
    const { docker } = await engine();
    await using proxy = await BreakingProxy.start(registry.address);
    proxy.delay = 20;
    const image = await load([tar([{ name: 'noise', content: randomBytes(12_000_000) }])]);
    const name = await tagged(image, proxy.address);
    const { child } = docker.start(['push', name]);
    await until('bytes to go up', () => proxy.sent > 1_000_000);
    child.kill('SIGINT');
    await until('no more bytes to go up', async () => {
      const { sent } = proxy;
      await sleep(300);
      return proxy.sent === sent;
    });
    expect(proxy.sent).toBeLessThan(12_000_000);
    proxy.delay = 0;
    expect(await docker.ok(['push', name])).toContain('1: digest: sha256:');
  });
});

/** With Minke as the one that pushes. */
describe.if(ENGINE === 'minke')('a pushed image', () => {
  test("is pulled by Debian's dockerd under the same id, and what that pushes is there already", async () => {
    const { docker } = await engine();
    const noise = tar([{ name: 'noise', content: randomBytes(2_500_000) }]);
    const image = await load([busyboxRootfs(), noise, tar([{ name: 'who', content: 'pushed' }])]);
    const name = await tagged(image, registry.address);
    const digestLine = (await docker.ok(['push', name])).split('\n').at(-1) as string;
    const reference = await Daemon.start({ engine: 'docker', subnet: 91, flags: ['--iptables=false'] });
    try {
      const [cli] = dockerClis();
      const dockerd = new Client(cli as NonNullable<typeof cli>, reference.host);
      await dockerd.ok(['pull', '-q', name]);
      expect(await dockerd.ok(['image', 'inspect', '-f', '{{.Id}}', name])).toBe(image.id);
      expect(await dockerd.ok(['run', '--rm', '--network', 'none', name])).toBe('pushed');
      // Docker writes the very same manifest for the same blobs.
      expect((await dockerd.ok(['push', name])).split('\n').at(-1)).toBe(digestLine);
    } finally {
      await reference.stop();
    }
  }, 90_000);

  test('is fetched again by an engine that has lost it, layer by layer as it was', async () => {
    const { docker } = await engine();
    const image = await load();
    const name = await tagged(image, registry.address);
    await docker.ok(['push', name]);
    await docker.ok(['rmi', '-f', image.id]);
    await docker.ok(['pull', '-q', name]);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Id}}', name])).toBe(image.id);
  });
});
