import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { buildImage, push } from '../fixtures/image.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

const imageOf = (content: string) => buildImage({ layers: [tar([{ name: 'x', content }])] });

describe('docker pull -a', () => {
  test('fetches every tag and ends in one line', async () => {
    const { docker, registry } = await engine();
    const name = uniqueName('tags');
    const repository = `${registry.address}/${name}`;
    const digests: Record<string, string> = {};
    for (const tag of ['v1', 'v2', 'v3'])
      digests[tag] = await push(registry.address, name, tag, imageOf(tag));
    await docker.ok(['pull', '-q', `${repository}:v2`]);
    const lines = (await docker.ok(['pull', '-a', repository])).split('\n');
    const told = lines.filter((line) => /Pulling from|Digest|Status|^[^ ]*$/.test(line));
    expect(told).toEqual([
      ...['v1', 'v2', 'v3'].flatMap((tag) => [`${tag}: Pulling from ${name}`, `Digest: ${digests[tag]}`]),
      `Status: Downloaded newer image for ${repository}`,
      repository,
    ]);
    const tags = await docker.ok(['images', '--format', '{{.Tag}}', repository]);
    expect(tags.split('\n').sort()).toEqual(['v1', 'v2', 'v3']);
    expect(await docker.ok(['pull', '--all-tags', repository])).toEndWith(
      `Status: Image is up to date for ${repository}\n${repository}`,
    );
    expect(await docker.ok(['pull', '-aq', repository])).toBe(repository);
  });

  test('takes no tag, and says when there is no such repository', async () => {
    const { docker, registry } = await engine();
    const tagged = await docker.run(['pull', '-a', `${registry.address}/x:latest`]);
    expect(tagged).toMatchObject({ code: 1, stderr: "tag can't be used with --all-tags/-a\n" });
    const unknown = await docker.run(['pull', '-a', `${registry.address}/no-such-repository`]);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('repository name not known to registry');
  });
});

describe('docker pull', () => {
  test('is told of by one event, also if there was nothing new and for all tags', async () => {
    const { docker, daemon, registry } = await engine();
    const name = uniqueName('told');
    const repository = `${registry.address}/${name}`;
    const layers = [tar([{ name: 'x', content: name }])];
    const image = buildImage({ layers, config: { Labels: { a: 'b' } } });
    for (const tag of ['v1', 'v2']) await push(registry.address, name, tag, image);
    const since = Date.now() / 1000;
    await docker.ok(['pull', '-q', `${repository}:v1`]);
    await docker.ok(['pull', '-q', `${repository}:v1`]);
    await docker.ok(['pull', '-aq', repository]);
    await Bun.sleep(300);
    const filters = encodeURIComponent(JSON.stringify({ type: ['image'] }));
    const range = `since=${since.toFixed(3)}&until=${(Date.now() / 1000).toFixed(3)}&filters=${filters}`;
    const { text } = await daemon.api.get(`/v1.41/events?${range}`);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string; Actor: unknown });
    expect(events.map(({ Action, Actor }) => [Action, Actor])).toEqual([
      ['pull', { ID: `${repository}:v1`, Attributes: { a: 'b', name: repository } }],
      ['pull', { ID: `${repository}:v1`, Attributes: { a: 'b', name: repository } }],
      ['pull', { ID: repository, Attributes: { name: repository } }],
    ]);
  });

  test('of a tag with a digest, without content trust, of one that is there', async () => {
    const { docker, registry } = await engine();
    const name = uniqueName('pinned');
    const reference = `${registry.address}/${name}:v1`;
    const digest = await push(registry.address, name, 'v1', imageOf(name));
    const pinned = `${reference}@${digest}`;
    const first = await docker.ok(['pull', '--disable-content-trust', pinned]);
    expect(first).toContain(`${digest}: Pulling from ${name}`);
    expect(first).toContain(
      `Digest: ${digest}\nStatus: Downloaded newer image for ${registry.address}/${name}@${digest}`,
    );
    // Beside a digest the tag says nothing.
    expect((await docker.run(['image', 'inspect', reference])).code).toBe(1);
    await docker.ok(['pull', '-q', reference]);
    const again = await docker.ok(['pull', reference]);
    expect(again).toBe(
      `v1: Pulling from ${name}\nDigest: ${digest}\nStatus: Image is up to date for ${reference}\n${reference}`,
    );
  });
});
