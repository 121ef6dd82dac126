import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import type { ChainId, DiffId, ImageId } from '../../../spec/digest.ts';
import { parseReference } from '../../../spec/reference.ts';
import { type PlannedImage, planArchive } from './archive-plan.ts';

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const layer = (digit: string, size: number) => ({
  diffId: `sha256:${digit.repeat(64)}` as DiffId,
  chainId: `sha256:${digit.repeat(64)}` as ChainId,
  size,
});

function image(config: string, tags: string[], layers = [layer('1', 1024), layer('2', 2048)]): PlannedImage {
  return {
    id: sha256(config) as ImageId,
    configBytes: Buffer.from(config),
    created: 7,
    tags: tags.map(parseReference),
    layers,
    parent: undefined,
  };
}

function textOf(plan: ReturnType<typeof planArchive>, name: string): string {
  const content = plan.find((member) => member.name === name)?.content;
  return content?.kind === 'bytes' ? Buffer.from(content.bytes).toString() : `no ${name}`;
}

test('an archive is an OCI layout and a docker-archive in one', () => {
  const config = '{"x":1}';
  const plan = planArchive([image(config, ['busybox:1', 'h:5/a&b:2'.replace('&', '-')])]);
  const blob = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
  const index = JSON.parse(textOf(plan, 'index.json'));
  const [first, second] = index.manifests;
  expect(first.annotations).toEqual({
    'io.containerd.image.name': 'docker.io/library/busybox:1',
    'org.opencontainers.image.ref.name': '1',
  });
  expect(second.digest).toBe(first.digest);
  const manifestText = textOf(plan, blob(first.digest));
  expect(sha256(manifestText)).toBe(first.digest);
  expect(first.size).toBe(manifestText.length);
  const manifest = JSON.parse(manifestText);
  expect(manifest.config).toEqual({
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: sha256(config),
    size: config.length,
  });
  expect(manifest.layers).toEqual([
    { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer('1', 0).diffId, size: 1024 },
    { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer('2', 0).diffId, size: 2048 },
  ]);
  expect(textOf(plan, blob(sha256(config)))).toBe(config);
  expect(JSON.parse(textOf(plan, 'manifest.json'))).toMatchObject([
    {
      Config: blob(sha256(config)),
      RepoTags: ['busybox:1', 'h:5/a-b:2'],
      Layers: [blob(layer('1', 0).diffId), blob(layer('2', 0).diffId)],
    },
  ]);
  expect(JSON.parse(textOf(plan, 'repositories'))).toEqual({
    busybox: { 1: '2'.repeat(64) },
    'h:5/a-b': { 2: '2'.repeat(64) },
  });
  expect(textOf(plan, 'oci-layout')).toBe('{"imageLayoutVersion": "1.0.0"}');
  const names = plan.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(names.slice(0, 2)).toEqual(['blobs/', 'blobs/sha256/']);
});

test('what images share is there once; one without a name is in the index without one', () => {
  const plan = planArchive([image('{"a":1}', []), image('{"b":1}', ['b:1'])]);
  const layers = plan.filter(({ content }) => content.kind === 'layer');
  expect(layers.length).toBe(2);
  const { manifests } = JSON.parse(textOf(plan, 'index.json'));
  expect(manifests.map(({ annotations }: { annotations?: unknown }) => annotations === undefined)).toEqual([
    true,
    false,
  ]);
  expect(JSON.parse(textOf(plan, 'manifest.json'))[0].RepoTags).toBe(null);
});

test('a parent in the archive is named; an archive of nothing is a layout too', () => {
  const parent = image('{"a":1}', ['a:1']);
  const child = { ...image('{"b":1}', ['b:1']), parent: parent.id };
  const [first, second] = JSON.parse(textOf(planArchive([parent, child]), 'manifest.json'));
  expect(first.Parent).toBeUndefined();
  expect(second.Parent).toBe(parent.id);
  const nothing = planArchive([]);
  expect(textOf(nothing, 'manifest.json')).toBe('[]\n');
  expect(nothing.map(({ name }) => name)).toEqual(['index.json', 'manifest.json', 'oci-layout']);
});
