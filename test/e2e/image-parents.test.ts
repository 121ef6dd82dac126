/**
 * Images made from images, as a build makes them: both engines keep the parent in the same file, which is written here
 * by hand while no daemon runs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { buildImage, imageId, push } from '../fixtures/image.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';

const layer = (name: string) => tar([{ name, content: name }]);
const IMAGES = {
  base: buildImage({ layers: [layer('a')] }),
  middle: buildImage({ layers: [layer('a'), layer('b')] }),
  top: buildImage({ layers: [layer('a'), layer('b'), layer('c')] }),
};
const BASE = imageId(IMAGES.base);
const MIDDLE = imageId(IMAGES.middle);
const TOP = imageId(IMAGES.top);

let daemon: Daemon;
let registry: Registry;
let docker: Client;
const ref = (name: string) => `${registry.address}/${name}:latest`;

/** Pulls all three and makes them a family; only `base` and `top` keep their names. */
async function family(): Promise<void> {
  for (const name of Object.keys(IMAGES)) await docker.ok(['pull', '-q', ref(name)]);
  await daemon.terminate();
  for (const [child, parent] of [
    [MIDDLE, BASE],
    [TOP, MIDDLE],
  ] as const) {
    const folder = join(daemon.dataRoot, 'image/overlay2/imagedb/metadata/sha256', child.slice(7));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'parent'), parent);
  }
  await daemon.start();
  expect(await docker.ok(['rmi', ref('middle')])).toMatch(/^Untagged: .*\nUntagged: .*@sha256:\w+$/);
}

const ids = async (...args: string[]) =>
  (await docker.ok(['images', '-q', '--no-trunc', ...args])).split('\n').filter(Boolean).sort();

beforeAll(async () => {
  [registry, daemon] = await Promise.all([Registry.start(), Daemon.start({ subnet: 93 })]);
  docker = new Client(dockerClis()[0] ?? { name: '', program: 'docker' }, daemon.host);
  for (const [name, image] of Object.entries(IMAGES)) await push(registry.address, name, 'latest', image);
}, 60_000);

afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
});

describe('an image made from another', () => {
  test('is shown, kept from removal, pruned with its last child', async () => {
    await family();
    expect(await ids()).toEqual([BASE, TOP].sort());
    expect(await ids('-a')).toEqual([BASE, MIDDLE, TOP].sort());
    // Heads only: the middle one is a step on the way.
    expect(await ids('--filter', 'dangling=true')).toEqual([]);
    expect(await ids('-a', '--filter', 'dangling=false')).toEqual([BASE, TOP].sort());
    const inspected = ['image', 'inspect', '-f', '{{.Parent}}'];
    expect(await docker.ok([...inspected, TOP])).toBe(MIDDLE);
    expect(await docker.ok([...inspected, BASE])).toBe('');
    expect(await docker.ok(['history', '-q', '--no-trunc', TOP])).toBe([TOP, MIDDLE, BASE].join('\n'));
    const refused = await docker.run(['rmi', '-f', MIDDLE]);
    expect(refused.code).toBe(1);
    expect(refused.stderr.trim()).toBe(
      `Error response from daemon: conflict: unable to delete ${MIDDLE.slice(7, 19)} (cannot be forced) - image has dependent child images`,
    );
    expect(await docker.ok(['image', 'prune', '-f'])).toBe('Total reclaimed space: 0B');
    const lines = (await docker.ok(['rmi', ref('top')])).split('\n');
    expect(lines.filter((line) => [TOP, MIDDLE, BASE].includes(line.replace('Deleted: ', '')))).toEqual([
      `Deleted: ${TOP}`,
      `Deleted: ${MIDDLE}`,
    ]);
    expect(await ids('-a')).toEqual([BASE]);
  }, 60_000);

  test('--no-prune keeps the parents', async () => {
    await family();
    expect(await docker.ok(['rmi', '--no-prune', ref('top')])).toContain(`Deleted: ${TOP}`);
    expect(await ids('-a')).toEqual([BASE, MIDDLE].sort());
    const pruned = await docker.ok(['image', 'prune', '-f']);
    expect(pruned).toContain(`deleted: ${MIDDLE}`);
    expect(await ids('-a')).toEqual([BASE]);
  }, 60_000);
});
