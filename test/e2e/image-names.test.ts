/** Names of images: `tag`, `rmi`, what stands in the way, and what is told of it. */
import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { pullSmall } from '../fixtures/small-image.ts';

const short = (id: string) => id.replace('sha256:', '').slice(0, 12);

async function exists(ref: string): Promise<boolean> {
  const { docker } = await engine();
  return (await docker.run(['image', 'inspect', ref])).code === 0;
}

/** Events of images that `work` causes: action and name. */
async function imageEvents(work: () => Promise<unknown>): Promise<string[]> {
  const { daemon } = await engine();
  const since = Date.now() / 1000;
  await work();
  await Bun.sleep(300);
  const filters = encodeURIComponent(JSON.stringify({ type: ['image'] }));
  const range = `since=${since.toFixed(3)}&until=${(Date.now() / 1000).toFixed(3)}&filters=${filters}`;
  const { text } = await daemon.api.get(`/v1.41/events?${range}`);
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: { name: string } } })
    .map(({ Action, Actor }) => `${Action} ${Actor.Attributes.name}`);
}

describe('docker tag', () => {
  test('gives names, moves them, and says what it cannot', async () => {
    const { docker } = await engine();
    const [one, two] = [await pullSmall(), await pullSmall()];
    const name = `example.org/${uniqueName()}`;
    const events = await imageEvents(() => docker.ok(['tag', one.reference, name]));
    expect(events).toEqual([`tag ${name}:latest`]);
    await docker.ok(['tag', short(one.id), `${name}:v2`]);
    await docker.ok(['tag', two.byDigest, name]);
    const id = (ref: string) => docker.ok(['image', 'inspect', '-f', '{{.Id}}', ref]);
    expect(await id(name)).toBe(two.id);
    expect(await id(`${name}:v2`)).toBe(one.id);
    for (const [source, target, sentence] of [
      ['no-such-image', 'x', 'No such image: no-such-image:latest'],
      [one.reference, 'example.org/UPPER', 'invalid reference format: repository name'],
      [one.reference, one.byDigest, 'refusing to create a tag with a digest reference'],
    ] as const) {
      const result = await docker.run(['tag', source, target]);
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(sentence);
    }
    await docker.ok(['rmi', `${name}:v2`, name, one.reference, two.reference]);
    expect(await exists(one.id)).toBe(false);
  });
});

describe('docker rmi', () => {
  test('of one of several names untags; of the last it deletes; events and lines in their order', async () => {
    const { docker } = await engine();
    const { reference, byDigest, id, repository } = await pullSmall();
    await docker.ok(['tag', reference, `${repository}:two`]);
    const other = `example.org/${uniqueName()}:v1`;
    await docker.ok(['tag', reference, other]);
    expect(await docker.ok(['rmi', `${repository}:two`])).toBe(`Untagged: ${repository}:two`);
    // The last tag of a repository takes the repository's digest along.
    expect(await docker.ok(['rmi', reference])).toBe(`Untagged: ${reference}\nUntagged: ${byDigest}`);
    let lines = '';
    const events = await imageEvents(async () => {
      lines = await docker.ok(['rmi', other]);
    });
    expect(lines).toMatch(new RegExp(`^Untagged: ${other}\nDeleted: ${id}\nDeleted: sha256:[0-9a-f]{64}$`));
    expect(events).toEqual([`untag ${id}`, `delete ${id}`]);
  });

  test('by digest leaves the tag; by id takes both', async () => {
    const { docker } = await engine();
    const { reference, byDigest, id } = await pullSmall();
    expect(await docker.ok(['rmi', byDigest])).toBe(`Untagged: ${byDigest}`);
    expect(await exists(reference)).toBe(true);
    await docker.ok(['pull', '-q', byDigest]);
    let lines: string[] = [];
    const events = await imageEvents(async () => {
      lines = (await docker.ok(['rmi', short(id)])).split('\n');
    });
    expect(lines.slice(0, 3)).toEqual([`Untagged: ${reference}`, `Untagged: ${byDigest}`, `Deleted: ${id}`]);
    expect(events).toEqual([`untag ${id}`, `untag ${id}`, `delete ${id}`]);
  });

  test('of an image pulled by digest alone, by that digest', async () => {
    const { docker } = await engine();
    const { reference, byDigest, id } = await pullSmall();
    await docker.ok(['rmi', reference]);
    await docker.ok(['pull', '-q', byDigest]);
    expect(
      await docker.ok([
        'images',
        '--digests',
        '--format',
        '{{.Tag}} {{.Digest}}',
        byDigest.split('@')[0] ?? '',
      ]),
    ).toBe(`<none> ${byDigest.split('@')[1]}`);
    const [untagged, deleted] = (await docker.ok(['rmi', byDigest])).split('\n');
    expect([untagged, deleted]).toEqual([`Untagged: ${byDigest}`, `Deleted: ${id}`]);
  });

  test('by id of one with names in several repositories must be forced', async () => {
    const { docker } = await engine();
    const { reference, byDigest, id } = await pullSmall();
    const other = `example.org/${uniqueName()}:v1`;
    await docker.ok(['tag', reference, other]);
    const refused = await docker.run(['rmi', id]);
    expect(refused.code).toBe(1);
    expect(refused.stderr.trim()).toBe(
      `Error response from daemon: conflict: unable to delete ${short(id)} (must be forced) - image is referenced in multiple repositories`,
    );
    const lines = (await docker.ok(['rmi', '-f', id])).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      ...[reference, byDigest, other].map((name) => `Untagged: ${name}`),
      `Deleted: ${id}`,
    ]);
  });

  test('and a container that does not run: by id it must be forced, by name too, and the container stays whole', async () => {
    const { docker, registry, busybox } = await engine();
    const name = `${registry.address}/${uniqueName('used')}:v1`;
    const { reference, id } = await pullSmall();
    const box = await docker.ok(['create', '--network', 'none', reference]);
    await using _box = removing(docker, box);
    const byId = await docker.run(['rmi', id]);
    expect(byId.stderr.trim()).toBe(
      `Error response from daemon: conflict: unable to delete ${short(id)} (must be forced) - image is being used by stopped container ${short(box)}`,
    );
    const byName = await docker.run(['rmi', reference]);
    expect(byName.stderr.trim()).toBe(
      `Error response from daemon: conflict: unable to remove repository reference "${reference}" (must force) - container ${short(box)} is using its referenced image ${short(id)}`,
    );
    const forced = (await docker.ok(['rmi', '-f', reference])).split('\n');
    expect(forced).toContain(`Deleted: ${id}`);
    // Its layer is still needed, so it is not among what was deleted.
    expect(forced.filter((line) => line.startsWith('Deleted:'))).toHaveLength(1);
    expect(await docker.ok(['inspect', '-f', '{{.Image}}', box])).toBe(id);
    await docker.ok(['tag', busybox, name]);
    await docker.ok(['rmi', name]);
  });

  test('-f and a container that runs: by name only the name goes', async () => {
    const { docker, busybox } = await engine();
    const name = `example.org/${uniqueName()}:v1`;
    await docker.ok(['tag', busybox, name]);
    const box = await docker.ok(['run', '-d', name, 'sleep', '100']);
    await using _box = removing(docker, box);
    expect(await docker.ok(['rmi', '-f', name])).toBe(`Untagged: ${name}`);
    expect(await exists(busybox)).toBe(true);
  });

  test('many at once goes on after a failure, and -f takes no offence at what is not there', async () => {
    const { docker } = await engine();
    const [one, two, three] = [await pullSmall(), await pullSmall(), await pullSmall()];
    const result = await docker.run(['rmi', one.id, 'no-such-image', two.id]);
    expect(result.code).toBe(1);
    expect(result.stderr.trim()).toMatch(/No such image: no-such-image:latest$/);
    expect(result.stdout).toContain(`Deleted: ${one.id}`);
    expect(result.stdout).toContain(`Deleted: ${two.id}`);
    const forced = await docker.run(['rmi', '-f', 'no-such-image', three.id]);
    expect(forced.stdout).toContain(`Deleted: ${three.id}`);
    expect(forced.code).toBe(0);
  });
});

describe('docker images', () => {
  test('before, since, dangling, reference, and -q of what has several names', async () => {
    const { docker } = await engine();
    const one = await pullSmall();
    await docker.ok(['tag', one.reference, `${one.repository}:two`]);
    const list = (...args: string[]) => docker.ok(['images', ...args]);
    expect(await list('-q', '--no-trunc', one.repository)).toBe(`${one.id}\n${one.id}`);
    expect(await list('--format', '{{.Tag}}', `${one.repository}:t*`)).toBe('two');
    // All test images are of one moment: none is before or after another.
    for (const filter of ['before', 'since']) {
      expect(await list('-q', '--filter', `${filter}=${one.reference}`, one.repository)).toBe('');
    }
    await docker.ok(['rmi', `${one.repository}:two`, one.reference]);
    await docker.ok(['pull', '-q', one.byDigest]);
    const dangling = ['-q', '--no-trunc', '--filter', 'dangling=true'];
    // What has a digest but no tag counts as dangling, and not as not dangling.
    expect((await list(...dangling)).split('\n')).toContain(one.id);
    expect((await list('-q', '--no-trunc', '--filter', 'dangling=false')).split('\n')).toContain(one.id);
    for (const [filter, sentence] of [
      ['dangling=perhaps', "nvalid filter 'dangling="],
      ['before=no-such-image', 'No such image: no-such-image:latest'],
    ] as const) {
      const result = await docker.run(['images', '--filter', filter]);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(sentence);
    }
    await docker.ok(['rmi', one.byDigest]);
  });
});

describe('docker image prune', () => {
  test('takes dangling images, with -a all that no container needs, as the labels say', async () => {
    const { docker } = await engine();
    const label = uniqueName();
    const labelled = (content: string) => pullSmall({ content, config: { Labels: { [label]: content } } });
    const [tagged, dangling, used] = [
      await labelled('tagged'),
      await labelled('dangling'),
      await labelled('used'),
    ];
    const prune = (...args: string[]) =>
      docker.ok(['image', 'prune', '-f', ...args, '--filter', `label=${label}`]);
    await docker.ok(['rmi', dangling.reference]);
    await docker.ok(['pull', '-q', dangling.byDigest]);
    const box = await docker.ok(['create', '--network', 'none', used.reference]);
    await using _box = removing(docker, box);
    expect(await prune('--filter', `label!=${label}=dangling`)).toBe('Total reclaimed space: 0B');
    expect(await prune('--filter', 'until=2020-01-01')).toBe('Total reclaimed space: 0B');
    const first = await prune();
    expect(first).toMatch(
      new RegExp(
        `^Deleted Images:\nuntagged: ${dangling.byDigest}\ndeleted: ${dangling.id}\ndeleted: sha256:\\w+\n\nTotal reclaimed space: 8B$`,
      ),
    );
    const events = await imageEvents(async () => {
      expect(await prune('-a')).toContain(`deleted: ${tagged.id}`);
    });
    expect(events.filter((event) => !event.startsWith('prune'))).toEqual([
      `untag ${tagged.id}`,
      `delete ${tagged.id}`,
    ]);
    expect(await exists(tagged.id)).toBe(false);
    expect(await exists(used.reference)).toBe(true);
    const bad = await docker.run(['image', 'prune', '-f', '--filter', 'color=blue']);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/[Ii]nvalid filter '?color/);
  });
});
