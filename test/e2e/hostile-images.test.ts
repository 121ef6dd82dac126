import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { type Fault, HostileRegistry } from '../fixtures/hostile-registry.ts';
import { blob, buildImage, type ImageData, push, sha256 } from '../fixtures/image.ts';
import { until, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { type TarEntry, tar } from '../fixtures/tar.ts';

/** A file of the host that no image may read, and a folder that none may write to. */
const host = workFolder('host');
writeFileSync(join(host, 'secret'), 'the secret of the host\n');
mkdirSync(join(host, 'target'));

/** Layers that are in place: their number must not grow by a pull that failed. */
async function layerFolders(): Promise<number> {
  const { daemon } = await engine();
  return readdirSync(join(daemon.dataRoot, 'overlay2')).filter((name) => name !== 'l').length;
}

/** Pulls an image whose second layer has these members. */
async function pullLayer(entries: TarEntry[]) {
  const { docker, registry } = await engine();
  const name = uniqueName('hostile');
  await push(registry.address, name, 'latest', buildImage({ layers: [busyboxRootfs(), tar(entries)] }));
  const reference = `${registry.address}/${name}`;
  return { reference, result: await docker.run(['pull', reference]) };
}

const up = '../'.repeat(8);
const hostile: [string, TarEntry[]][] = [
  ['a member with ../', [{ name: `${up}${host.slice(1)}/target/a`, content: 'x' }]],
  ['an absolute member', [{ name: `${host}/target/b`, content: 'x' }]],
  [
    'a member below an absolute link',
    [
      { name: 'link', type: 'symlink', link: `${host}/target` },
      { name: 'link/c', content: 'x' },
    ],
  ],
  [
    'a member below a relative link out of the tree',
    [
      { name: 'rel', type: 'symlink', link: `${up}${host.slice(1)}/target` },
      { name: 'rel/d', content: 'x' },
    ],
  ],
  ['a hard link out of the tree', [{ name: 'hard', type: 'hardlink', link: `${up}${host.slice(1)}/secret` }]],
  ['an absolute hard link', [{ name: 'hard', type: 'hardlink', link: `${host}/secret` }]],
  [
    'a hard link through a link',
    [
      { name: 'out', type: 'symlink', link: host },
      { name: 'hard', type: 'hardlink', link: 'out/secret' },
    ],
  ],
  ['a whiteout with ../', [{ name: `${up}${host.slice(1)}/.wh.secret` }]],
  ['a whiteout of ..', [{ name: 'x/.wh...' }]],
  ['a whiteout of .', [{ name: 'x/.wh..' }]],
  [
    'a member below a file',
    [
      { name: 'file', content: 'x' },
      { name: 'file/inside', content: 'x' },
    ],
  ],
];

describe('an image with', () => {
  test.each(hostile)('%s touches nothing of the host', async (_what, entries) => {
    const { docker } = await engine();
    const before = await layerFolders();
    const { reference, result } = await pullLayer(entries);
    expect(result.took).toBeLessThan(20_000);
    expect(readdirSync(join(host, 'target'))).toEqual([]);
    expect(readFileSync(join(host, 'secret'), 'utf8')).toBe('the secret of the host\n');
    if (result.code === 0) {
      // What was kept is inside the tree, and shows nothing of the host.
      const seen = await docker.run([
        'run',
        '--rm',
        reference,
        'cat',
        '/hard',
        '/out/secret',
        '/link/secret',
      ]);
      expect(seen.stdout).not.toContain('secret of the host');
      await docker.ok(['rmi', '-f', reference]);
    } else {
      expect(result.code).toBe(1);
      expect(result.stderr.trim()).not.toBe('');
      if (ENGINE === 'minke') expect(await layerFolders()).toBeLessThanOrEqual(before + 1);
      expect((await docker.run(['image', 'inspect', reference])).code).toBe(1);
    }
  });

  test('a device node gets it, and a container may not use it', async () => {
    const { docker } = await engine();
    const { reference, result } = await pullLayer([
      { name: 'disk', type: 'block', device: [254, 0], mode: 0o666 },
      { name: 'nothing', type: 'char', device: [1, 3], mode: 0o666 },
    ]);
    expect(result.code).toBe(0);
    const seen = await docker.run([
      'run',
      '--rm',
      reference,
      'sh',
      '-c',
      'stat -c %F /disk; head -c 1 /disk; echo $?',
    ]);
    expect(seen.stdout).toContain('block special file\n');
    expect(seen.stdout).toContain('\n1\n');
    expect(seen.stderr).toMatch(/Operation not permitted|Permission denied/);
    await docker.ok(['rmi', reference]);
  });

  test('a layer that is no archive is an error', async () => {
    const { docker, registry } = await engine();
    const image = buildImage({ layers: [Buffer.from('this is not a tar archive'.repeat(100))] });
    const name = uniqueName('broken');
    await push(registry.address, name, 'latest', image);
    const result = await docker.run(['pull', `${registry.address}/${name}`]);
    expect(result.code).toBe(1);
    expect((await docker.run(['image', 'inspect', `${registry.address}/${name}`])).code).toBe(1);
  });

  test('a diffId that is not that of its layer is an error', async () => {
    const { docker, registry } = await engine();
    const good = buildImage({ layers: [busyboxRootfs(), tar([{ name: 'x', content: 'x' }])] });
    const config = JSON.parse(good.blobs[0]?.bytes.toString() ?? '{}') as { rootfs: { diff_ids: string[] } };
    config.rootfs.diff_ids[1] = sha256('something else');
    const bad = blob(JSON.stringify(config));
    const manifest = JSON.parse(good.manifest.bytes.toString()) as {
      config: { digest: string; size: number };
    };
    manifest.config = { ...manifest.config, digest: bad.digest, size: bad.bytes.length };
    const image: ImageData = {
      ...good,
      manifest: blob(JSON.stringify(manifest)),
      blobs: [bad, ...good.blobs.slice(1)],
    };
    const name = uniqueName('diff');
    await push(registry.address, name, 'latest', image);
    const result = await docker.run(['pull', `${registry.address}/${name}`]);
    expect(result.code).toBe(1);
    expect((await docker.run(['image', 'inspect', `${registry.address}/${name}`])).code).toBe(1);
  });
});

describe('a registry that', () => {
  const started: HostileRegistry[] = [];
  afterAll(async () => {
    for (const registry of started) await registry.stop();
  });

  /** A registry with an image that no other test has, and a fault at its last layer, its configuration or its manifest. */
  async function victim(fault: Fault | 'none', at: 'layer' | 'config' | 'manifest') {
    const content = Buffer.alloc(1 << 20, uniqueName());
    const image = buildImage({ layers: [busyboxRootfs(), tar([{ name: 'data', content }])] });
    const path = {
      layer: new RegExp(`blobs/${image.blobs.at(-1)?.digest}`),
      config: new RegExp(`blobs/${image.blobs[0]?.digest}`),
      manifest: /manifests\//,
    }[at];
    const registry = await HostileRegistry.start(
      { victim: image },
      fault === 'none' ? [] : [{ path, fault }],
    );
    started.push(registry);
    return { registry, reference: `${registry.address}/victim` };
  }

  test.each([
    ['lies about a layer', 'lie', 'layer', /filesystem layer verification failed for digest|does not match/],
    [
      'sends a layer that is too long',
      'longer',
      'layer',
      /verification failed|does not match|manifest declares/,
    ],
    ['lies about the configuration', 'lie', 'config', /./],
    ['answers 500 to the manifest', 'error-500', 'manifest', /500|Internal Server Error|on fire/i],
    ['answers 404 to a layer', 'error-404', 'layer', /./],
    ['sends HTML for a manifest', 'not-json', 'manifest', /./],
  ] as [string, Fault, 'layer' | 'config' | 'manifest', RegExp][])(
    '%s makes the pull fail with a sentence',
    async (_what, fault, at, sentence) => {
      const { docker } = await engine();
      const { reference } = await victim(fault, at);
      const result = await docker.run(['pull', reference], { timeout: 50_000 });
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(sentence);
      expect((await docker.run(['image', 'inspect', reference])).code).toBe(1);
    },
    60_000,
  );

  // Compat: Docker 20.10 tries for more than a minute.
  test.skipIf(ENGINE === 'docker').each([
    ['answers 500 to a layer', 'error-500'],
    ['truncates a layer', 'truncate'],
  ] as [string, Fault][])(
    '%s makes the pull fail within a minute',
    async (_what, fault) => {
      const { docker } = await engine();
      const { reference } = await victim(fault, 'layer');
      const result = await docker.run(['pull', reference], { timeout: 58_000 });
      expect(result.code).toBe(1);
      expect(result.stderr.trim()).not.toBe('');
    },
    60_000,
  );

  test.each([['hang'], ['stall']] as [Fault][])(
    '%ss can be left by Ctrl-C, and the daemon goes on',
    async (fault) => {
      const { docker, busybox } = await engine();
      const { registry, reference } = await victim(fault, 'layer');
      const pulling = docker.start(['pull', reference]);
      await until('the request', () => registry.requests.some((line) => line.includes('/blobs/')));
      pulling.child.kill('SIGINT');
      await until(
        'the client to end',
        () => pulling.child.exitCode !== null || pulling.child.signalCode !== null,
      );
      expect(await docker.ok(['run', '--rm', busybox, 'echo', 'on'])).toBe('on');
    },
  );

  test('is not there is an error at once', async () => {
    const { docker } = await engine();
    const result = await docker.run(['pull', '127.0.0.1:1/nobody:x']);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/connection refused/);
    expect(result.took).toBeLessThan(20_000);
  });

  test('does nothing wrong is pulled from', async () => {
    const { docker } = await engine();
    const { reference } = await victim('none', 'layer');
    expect(await docker.ok(['pull', '-q', reference])).toBe(`${reference}:latest`);
    await docker.ok(['rmi', reference]);
  });
});
