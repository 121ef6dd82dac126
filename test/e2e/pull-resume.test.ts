import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BreakingProxy } from '../fixtures/breaking-proxy.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { HostileRegistry } from '../fixtures/hostile-registry.ts';
import { buildImage, type ImageData, push } from '../fixtures/image.ts';
import { until } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

const MB = 1 << 20;
const NAMES = ['cancelled', 'killed', 'damaged', 'old', 'finished', 'committed'];

/** An image whose layers do not compress, so that half of one is half of its bytes. */
function imageOf(layers: number, note: string): ImageData {
  return buildImage({
    layers: Array.from({ length: layers }, (_, n) =>
      tar([
        { name: `first-${n}`, content: note },
        { name: `noise-${n}`, content: randomBytes(2 * MB) },
        { name: `last-${n}`, content: note },
      ]),
    ),
    config: { Cmd: ['true'] },
  });
}

// Compat: Docker begins anew each time; this is ours.
describe.skipIf(ENGINE === 'docker')('a pull that did not come to its end', () => {
  const images: Record<string, ImageData> = {};
  for (const name of NAMES) images[name] = imageOf(name === 'finished' || name === 'committed' ? 3 : 1, name);
  let registry: HostileRegistry;
  beforeAll(async () => {
    registry = await HostileRegistry.start(images);
  });
  afterAll(async () => {
    await registry.stop();
  });
  /** Digest and size of the layers of an image, the lowest first. */
  const layersOf = (name: string) =>
    (images[name]?.blobs.slice(1) ?? []).map(({ digest, bytes }) => ({ digest, size: bytes.length }));
  const blobPath = (digest: string) => new RegExp(`/blobs/${digest}`);
  const staging = async () => join((await engine()).daemon.dataRoot, 'overlay2/.minke-staging');
  const spoolOf = async (digest: string) => join(await staging(), '../.minke-spools', digest.slice(7));

  /** Begins a pull whose only layer stops halfway; resolves when that half has come. */
  async function halfway(name: string) {
    const { docker } = await engine();
    const [layer] = layersOf(name);
    const { digest = '', size = 0 } = layer ?? {};
    registry.faults = [{ path: blobPath(digest), fault: 'stall' }];
    const pulling = docker.start(['pull', `${registry.address}/${name}`]);
    const spool = await spoolOf(digest);
    await until('half of the blob', () => existsSync(spool) && readFileSync(spool).length > size * 0.4);
    return { digest, size, spool, child: pulling.child };
  }

  /** Pulls the image again, whole, and checks that it was fetched from the middle on. */
  async function goesOn(name: string, digest: string, size: number) {
    const { docker } = await engine();
    registry.faults = [];
    await docker.ok(['pull', '-q', `${registry.address}/${name}`]);
    const [first, second] = registry.offsets.get(digest) ?? [];
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(size * 0.4);
    expect(registry.sent.get(digest)).toBeLessThan(size * 1.1);
    const format = '{{.GraphDriver.Data.UpperDir}}';
    const diff = await docker.ok(['inspect', '-f', format, `${registry.address}/${name}`]);
    expect(readFileSync(join(diff, 'last-0'), 'utf8')).toBe(name);
  }

  test('goes on from the middle of a blob after Ctrl-C', async () => {
    const { digest, size, spool, child } = await halfway('cancelled');
    child.kill('SIGINT');
    await until('the client to end', () => child.exitCode !== null || child.signalCode !== null);
    await goesOn('cancelled', digest, size);
    expect(existsSync(spool)).toBe(false);
  });

  test('goes on from the middle of a blob after the daemon was killed', async () => {
    const { daemon } = await engine();
    const { digest, size } = await halfway('killed');
    await daemon.kill();
    await daemon.start();
    await goesOn('killed', digest, size);
  });

  test('begins anew if what was kept of a blob is damaged', async () => {
    const { docker } = await engine();
    const { digest, spool, child } = await halfway('damaged');
    child.kill('SIGINT');
    await until('the client to end', () => child.exitCode !== null || child.signalCode !== null);
    const bytes = readFileSync(spool);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
    writeFileSync(spool, bytes);
    registry.faults = [];
    await docker.ok(['pull', '-q', `${registry.address}/damaged`]);
    expect(registry.offsets.get(digest)?.at(-1)).toBe(0);
  });

  test('is forgotten after an hour', async () => {
    const { daemon } = await engine();
    const { digest, spool, child } = await halfway('old');
    child.kill('SIGINT');
    await until('the client to end', () => child.exitCode !== null || child.signalCode !== null);
    await daemon.terminate();
    // Race: while it runs, what it still had of the layer may be written after that.
    const before = Date.now() / 1000 - 2 * 3600;
    utimesSync(spool, before, before);
    await daemon.start();
    await until('the spool to go', () => !existsSync(spool));
    expect(registry.offsets.get(digest)).toEqual([0]);
  });

  test('leaves layers that were whole above one that was not, also over a SIGKILL', async () => {
    const { docker, daemon } = await engine();
    const [bottom, ...above] = layersOf('finished').map(({ digest }) => digest);
    registry.faults = [{ path: blobPath(bottom ?? ''), fault: 'stall' }];
    const { child } = docker.start(['pull', `${registry.address}/finished`]);
    const area = await staging();
    const whole = () => readdirSync(area).filter((name) => existsSync(join(area, name, 'staged.json')));
    await until('the others to be staged', () => whole().length === 2);
    await daemon.kill();
    await daemon.start();
    child.kill('SIGINT');
    registry.faults = [];
    await docker.ok(['pull', '-q', `${registry.address}/finished`]);
    for (const digest of above) expect(registry.offsets.get(digest)).toEqual([0]);
    expect(readdirSync(area)).toEqual([]);
  });

  test("goes on by Range at CNCF's registry, within one pull", async () => {
    using _calm = await calm('a pull made again asks again');
    const { docker, registry: real } = await engine();
    await using proxy = await BreakingProxy.start(real.address);
    const image = imageOf(1, 'range');
    const name = uniqueName('range');
    await push(real.address, name, 'latest', image);
    proxy.breakDownAfter = MB;
    await docker.ok(['pull', '-q', `${proxy.address}/${name}`]);
    expect(proxy.broken).toBe(1);
    const digest = image.blobs[1]?.digest;
    const path = `GET /v2/${name}/blobs/${digest}`;
    expect(real.requests().filter((line) => line.startsWith(path))).toEqual([`${path} 200`, `${path} 206`]);
  });

  test('leaves layers that were in their place below one that could not be fetched', async () => {
    const { docker } = await engine();
    const layers = layersOf('committed').map(({ digest }) => digest);
    const top = layers.at(-1) ?? '';
    registry.faults = [{ path: blobPath(top), fault: 'stall' }];
    const { child, output } = docker.start(['pull', `${registry.address}/committed`]);
    await until('the lower ones to be complete', () => output().match(/Pull complete/g)?.length === 2);
    child.kill('SIGINT');
    await until('the client to end', () => child.exitCode !== null || child.signalCode !== null);
    registry.faults = [];
    const text = await docker.ok(['pull', `${registry.address}/committed`]);
    expect(text.match(/Already exists/g)).toHaveLength(2);
    layers.pop();
    for (const digest of layers) expect(registry.offsets.get(digest)).toEqual([0]);
  });
});
