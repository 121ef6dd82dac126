import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ImageId } from '../../spec/digest.ts';
import { blobOf, pieces, sha256, type TestStore, tarOf, testStore } from '../testing.ts';
import { toCanonical, toFamiliar } from './familiar-name.ts';

async function addImage(at: TestStore, file: string) {
  const { blob, ...known } = blobOf(tarOf([{ name: file }]));
  const staged = await at.store.layers.stage({ ...known, source: pieces(blob) });
  const layer = await at.store.layers.commit(staged, undefined);
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.diffId] } };
  return { layer, image: await at.store.images.put(Buffer.from(JSON.stringify(config))) };
}

describe('images', () => {
  test('an image, its names and its layer outlive a restart, in the files of Docker', async () => {
    await using at = await testStore();
    const { image, layer } = await addImage(at, 'a');
    await at.store.images.setName('docker.io/library/bb:latest', image.id);
    await at.store.images.setName(`localhost:5000/x@${image.id}`, image.id);
    await at.reopen();
    const { images } = at.store;
    expect(images.get(image.id)?.topLayer).toBe(layer.chainId);
    expect(images.namesOf(image.id)).toEqual(['docker.io/library/bb:latest', `localhost:5000/x@${image.id}`]);
    expect(images.lookup('docker.io/library/bb:latest')).toBe(image.id);
    const file = JSON.parse(readFileSync(join(at.dataRoot, 'image/overlay2/repositories.json'), 'utf8'));
    expect(file).toEqual({
      Repositories: {
        bb: { 'bb:latest': image.id },
        'localhost:5000/x': { [`localhost:5000/x@${image.id}`]: image.id },
      },
    });
    expect(await images.removeName('docker.io/library/bb:latest')).toBe(true);
    expect(await images.removeName('docker.io/library/bb:latest')).toBe(false);
  });

  test('removing the last image of a layer removes the layer; a shared one stays', async () => {
    await using at = await testStore();
    const { images, layers } = at.store;
    const { image, layer } = await addImage(at, 'a');
    const config = { os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.diffId] } };
    const other = await images.put(Buffer.from(JSON.stringify(config)));
    expect(await images.put(Buffer.from(JSON.stringify(config)))).toBe(other);
    expect(await images.remove(image.id)).toEqual([]);
    expect(await images.remove(other.id)).toEqual([layer.chainId]);
    expect(layers.list()).toEqual([]);
    expect(existsSync(join(at.dataRoot, 'image/overlay2/imagedb/content/sha256', image.id.slice(7)))).toBe(
      false,
    );
  });

  test('an image that lost its layers is whole again when they come back', async () => {
    await using at = await testStore();
    const { image, layer } = await addImage(at, 'a');
    await at.store.layers.sync();
    writeFileSync(join(at.dataRoot, 'image/overlay2/layerdb/sha256', layer.chainId.slice(7), 'unsynced'), '');
    await at.reopen({ reboot: true });
    expect(at.store.images.get(image.id)?.id).toBe(image.id);
    expect(at.store.layers.get(layer.chainId)).toBeUndefined();
    const again = await addImage(at, 'a');
    expect(again.image.id).toBe(image.id);
    expect(await at.store.images.remove(image.id)).toEqual([layer.chainId]);
  });

  test('a container whose layers were lost and came back mounts again with its own files', async () => {
    await using at = await testStore();
    const { layer } = await addImage(at, 'a');
    await at.store.layers.createMount('c1', layer.chainId);
    writeFileSync(join(await at.store.layers.mount('c1'), 'own'), 'mine');
    await at.store.layers.unmount('c1');
    await at.store.layers.sync();
    writeFileSync(join(at.dataRoot, 'image/overlay2/layerdb/sha256', layer.chainId.slice(7), 'unsynced'), '');
    await at.reopen({ reboot: true });
    await expect(at.store.layers.mount('c1')).rejects.toMatchObject({ code: 'corrupt' });
    await addImage(at, 'a');
    const root = await at.store.layers.mount('c1');
    expect(readFileSync(join(root, 'own'), 'utf8')).toBe('mine');
    expect(existsSync(join(root, 'a'))).toBe(true);
    await at.store.layers.removeMount('c1');
  });

  test('what a power cut left of records is put aside, not an end of the daemon', async () => {
    await using at = await testStore();
    const { image } = await addImage(at, 'a');
    writeFileSync(join(at.dataRoot, 'image/overlay2/repositories.json'), '');
    writeFileSync(join(at.dataRoot, 'image/overlay2/imagedb/content/sha256', image.id.slice(7)), '');
    await at.reopen();
    expect(at.store.images.list()).toEqual([]);
    expect(at.store.images.names()).toEqual([]);
  });

  test('names outlive a power cut that empties the file which was written during a pull', async () => {
    await using at = await testStore();
    const file = join(at.dataRoot, 'image/overlay2/repositories.json');
    const old = await addImage(at, 'a');
    await at.store.images.setName('docker.io/library/old:1', old.image.id);
    await at.store.layers.sync();
    const { image } = await addImage(at, 'b');
    await at.store.images.setName('docker.io/library/new:1', image.id);
    await at.store.images.setName('docker.io/library/new:2', image.id);
    const written = readFileSync(file);
    writeFileSync(file, '');
    await at.reopen();
    expect(at.store.images.names()).toEqual([{ name: 'docker.io/library/old:1', id: old.image.id }]);
    writeFileSync(file, written);
    await at.reopen();
    expect(at.store.images.names().length).toBe(3);
  });

  test('a name that cannot be written is not there', async () => {
    await using at = await testStore();
    const { image } = await addImage(at, 'a');
    const other = await addImage(at, 'b');
    const file = join(at.dataRoot, 'image/overlay2/repositories.json');
    await at.store.images.setName('docker.io/library/a:1', image.id);
    rmSync(file);
    mkdirSync(join(file, 'in-the-way'), { recursive: true });
    await expect(at.store.images.setName('docker.io/library/a:1', other.image.id)).rejects.toThrow();
    await expect(at.store.images.setName('docker.io/library/b:1', image.id)).rejects.toThrow();
    await expect(at.store.images.removeName('docker.io/library/a:1')).rejects.toThrow();
    expect(at.store.images.names()).toEqual([{ name: 'docker.io/library/a:1', id: image.id }]);
    expect(at.store.images.namesOf(other.image.id)).toEqual([]);
    rmSync(file, { recursive: true });
  });

  test('what is no image config is invalid', async () => {
    await using at = await testStore();
    for (const bytes of ['', '{}', '[]', '{"rootfs":{"diff_ids":7}}']) {
      await expect(at.store.images.put(Buffer.from(bytes))).rejects.toMatchObject({ code: 'invalid' });
    }
    const unknown = sha256(Buffer.from('x')) as ImageId;
    await expect(at.store.images.setName('docker.io/library/x:y', unknown)).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

test("familiar and canonical names are each other's inverse", () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const domain = fc.constantFrom('docker.io', 'localhost', 'localhost:5000', 'quay.io', '[::1]:5000');
  fc.assert(
    fc.property(domain, fc.array(part, { minLength: 1, maxLength: 3 }), part, (host, path, tag) => {
      // A single component on Docker Hub lies below library/.
      const repository = host === 'docker.io' && path.length === 1 ? ['library', ...path] : path;
      const name = `${[host, ...repository].join('/')}:${tag}`;
      expect(toCanonical(toFamiliar(name))).toBe(name);
    }),
  );
  expect(toFamiliar('docker.io/library/busybox:latest')).toBe('busybox:latest');
  expect(toFamiliar('docker.io/foo/bar:1')).toBe('foo/bar:1');
});

describe('parents', () => {
  test('are in the file of Docker, outlive a restart, and are forgotten with the image', async () => {
    await using at = await testStore();
    const { image: base } = await addImage(at, 'a');
    const { image: child } = await addImage(at, 'b');
    await at.store.images.setParent(child.id, base.id);
    const file = join(at.dataRoot, 'image/overlay2/imagedb/metadata/sha256', child.id.slice(7), 'parent');
    expect(readFileSync(file, 'utf8')).toBe(base.id);
    await at.reopen();
    expect(at.store.images.parentOf(child.id)).toBe(base.id);
    expect(at.store.images.childrenOf(base.id)).toEqual([child.id]);
    await at.store.images.remove(base.id);
    expect(at.store.images.parentOf(child.id)).toBeUndefined();
    expect(existsSync(file)).toBe(false);
    expect(at.store.images.setParent(child.id, base.id)).rejects.toMatchObject({ code: 'not-found' });
  });
});
