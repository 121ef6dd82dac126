import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { HostileRegistry } from '../fixtures/hostile-registry.ts';
import { buildImage, type ImageData } from '../fixtures/image.ts';
import { until } from '../fixtures/machine.ts';
import { tar } from '../fixtures/tar.ts';

const MANY = 20;
const noise = (name: string, bytes: number) => tar([{ name, content: randomBytes(bytes) }]);

/** Images that share two layers and have one of their own. */
const base = [noise('base', 1 << 20), noise('runtime', 1 << 20)];
const family = Array.from({ length: MANY }, (_, n) =>
  buildImage({ layers: [...base, noise(`own-${n}`, 10_000)], config: { Cmd: [`${n}`] } }),
);
const single = (name: string): ImageData => buildImage({ layers: [noise(name, 1 << 20)] });
const named = { left: single('left'), abandoned: single('abandoned') };

describe('concurrent pulls', () => {
  let registry: HostileRegistry;
  beforeAll(async () => {
    const images = family.map((image, n): [string, ImageData] => [`family-${n}`, image]);
    registry = await HostileRegistry.start({ ...Object.fromEntries(images), ...named });
  });
  afterAll(async () => {
    await registry.stop();
  });
  const layerOf = (image: ImageData) => image.blobs[1]?.digest ?? '';

  test('of images that share a base fetch and unpack no byte of it twice', async () => {
    const { docker } = await engine();
    const names = family.map((_, n) => `${registry.address}/family-${n}`);
    await Promise.all(names.map((name) => docker.ok(['pull', '-q', name], { timeout: 120_000 })));
    const layers = new Set(family.flatMap(({ blobs }) => blobs.slice(1).map(({ digest }) => digest)));
    expect(layers.size).toBe(MANY + 2);
    for (const digest of layers) expect(registry.offsets.get(digest)).toEqual([0]);
    await docker.ok(['rmi', ...names], { timeout: 60_000 });
  }, 200_000);

  test('of one image go on when one of them is cancelled', async () => {
    const { docker } = await engine();
    const digest = layerOf(named.left);
    const path = new RegExp(`/blobs/${digest}`);
    registry.faults = [{ path, fault: 'stall' }];
    const pulls = [1, 2, 3].map(() => docker.start(['pull', `${registry.address}/left`]));
    await until('all to follow the layer', () =>
      pulls.every(({ output }) => /Pulling fs layer/.test(output())),
    );
    await until('the registry to be asked', () => registry.offsets.has(digest));
    pulls[0]?.child.kill('SIGINT');
    await until(
      'the first client to end',
      () => pulls[0]?.child.exitCode !== null || pulls[0]?.child.signalCode,
    );
    registry.faults = [];
    // The rest comes by Range, once the registry's silence is seen for what it is.
    registry.dropConnections();
    for (const { child, output } of pulls.slice(1)) {
      await until('the others to end', () => child.exitCode !== null, 60_000);
      expect(output()).toContain('Pull complete');
      expect(child.exitCode).toBe(0);
    }
    if (ENGINE === 'docker') return;
    expect(registry.sent.get(digest)).toBeLessThan((named.left.blobs[1]?.bytes.length ?? 0) * 1.6);
  }, 90_000);

  // Compat: Docker 20.10 holds on to a registry that has fallen silent.
  test.skipIf(ENGINE === 'docker')(
    'end their download with the last of them',
    async () => {
      const { docker } = await engine();
      const digest = layerOf(named.abandoned);
      registry.faults = [{ path: new RegExp(`/blobs/${digest}`), fault: 'stall' }];
      const pulls = [1, 2].map(() => docker.start(['pull', `${registry.address}/abandoned`]));
      await until('all to follow the layer', () =>
        pulls.every(({ output }) => /Pulling fs layer/.test(output())),
      );
      await until('the registry to be asked', () => registry.offsets.has(digest));
      expect(registry.open).toBe(1);
      for (const { child } of pulls) child.kill('SIGINT');
      await until('the connection to close', () => registry.open === 0, 20_000);
      registry.faults = [];
      await docker.ok(['pull', '-q', `${registry.address}/abandoned`]);
      expect(registry.offsets.get(digest)).toHaveLength(2);
    },
    60_000,
  );
});
