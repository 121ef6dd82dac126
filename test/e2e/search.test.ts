import { describe, expect, test } from 'bun:test';
import { Client, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { FakeIndex } from '../fixtures/fake-index.ts';
import { buildImage, push } from '../fixtures/image.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

const ENTRIES = [
  { name: 'foo', description: 'The official foo', star_count: 1234, is_official: true },
  {
    name: 'someone/foo',
    description: 'A foo of my own,\nwith a description that goes on for longer than a line of it',
    star_count: 7,
    is_automated: true,
  },
  { name: 'library/foo-like' },
];

async function clients() {
  const { docker, daemon } = await engine();
  const minke = new Client(MINKE_CLI, daemon.host);
  return { docker, daemon, all: ENGINE === 'docker' ? [docker] : [docker, minke] };
}

describe('docker search', () => {
  test('asks the index that the term names and prints what it found', async () => {
    const { all } = await clients();
    await using index = await FakeIndex.start(ENTRIES);
    for (const client of all) {
      const rows = (await client.ok(['search', `${index.address}/foo`])).split('\n');
      expect(rows[0]).toMatch(/^NAME +DESCRIPTION +STARS +OFFICIAL$/);
      expect(rows[1]).toMatch(/^foo +The official foo +1234 +\[OK\]$/);
      expect(rows[2]).toMatch(/^someone\/foo +A foo of my own, with a description that goe… +7 *$/);
      expect(rows[3]).toMatch(/^library\/foo-like +0 *$/);
      expect(index.seen.at(-1)).toEqual({ path: '/v1/search?q=foo&n=25', authorization: undefined });
      const whole = await client.ok([
        'search',
        '--no-trunc',
        '--format',
        '{{.Description}}',
        `${index.address}/someone`,
      ]);
      expect(whole).toEndWith('longer than a line of it');
      expect(await client.ok(['search', '--format', 'json', '--limit', '1', `${index.address}/foo`])).toBe(
        '{"Description":"The official foo","IsOfficial":"true","Name":"foo","StarCount":"1234"}',
      );
      expect(index.seen.at(-1)?.path).toBe('/v1/search?q=foo&n=1');
    }
  });

  test('filters by stars and by official marks; nothing is automated', async () => {
    const { docker, daemon } = await clients();
    await using index = await FakeIndex.start(ENTRIES);
    const names = async (...filters: string[]) => {
      const flags = filters.flatMap((filter) => ['--filter', filter]);
      const text = await docker.ok(['search', ...flags, '--format', '{{.Name}}', `${index.address}/foo`]);
      return text.split('\n').filter(Boolean);
    };
    expect(await names('stars=7')).toEqual(['foo', 'someone/foo']);
    expect(await names('stars=7', 'stars=8')).toEqual(['foo']);
    expect(await names('is-official=true')).toEqual(['foo']);
    expect(await names('is-official=false')).toEqual(['someone/foo', 'library/foo-like']);
    const raw = await daemon.api.get(`/v1.41/images/search?term=${index.address}/someone`);
    expect(raw.json<unknown>()).toEqual([
      {
        star_count: 7,
        is_official: false,
        name: 'someone/foo',
        is_automated: ENGINE === 'docker',
        description: ENTRIES[1]?.description,
      },
    ]);
    if (ENGINE === 'minke') expect(await names('is-automated=true')).toEqual([]);
  });

  test('says what is wrong with filters, limits and terms', async () => {
    const { docker } = await clients();
    for (const [args, sentence] of [
      [['--filter', 'color=blue', 'foo'], /nvalid filter 'color'/],
      [['--filter', 'stars=many', 'foo'], /nvalid filter 'stars=many'/],
      [['--filter', 'is-official=perhaps', 'foo'], /nvalid filter 'is-official=\[?perhaps/],
      [['--limit', '101', 'foo'], /imit 101 is outside the range of \[1, 100\]/],
      [['http://foo'], /nvalid repository name/],
      [['-bad-.example/foo'], /unknown shorthand flag: 'b' in -bad-.example\/foo/],
      [['127.0.0.1:1/foo'], /127\.0\.0\.1:1.*connection refused/],
    ] as const) {
      const result = await docker.run(['search', ...args]);
      expect(result.stderr).toMatch(sentence);
      expect(result.code).not.toBe(0);
    }
  });

  test('shows the credentials of X-Registry-Auth to an index that wants them', async () => {
    const { daemon } = await clients();
    await using index = await FakeIndex.start(ENTRIES, { login: 'me:secret' });
    const path = `/v1.41/images/search?term=${index.address}/foo`;
    const auth = Buffer.from(JSON.stringify({ username: 'me', password: 'secret' })).toString('base64');
    const answer = await daemon.api.get(path, { headers: { 'X-Registry-Auth': auth } });
    expect([answer.status, answer.json<unknown[]>().length]).toEqual([200, 3]);
    const refused = await daemon.api.get(path);
    expect(refused.status).toBe(500);
  });

  test('of a registry that has a catalog only finds repositories by name, as they are pulled', async () => {
    if (ENGINE === 'docker') return; // Docker needs an index.
    const { docker, all } = await clients();
    const { registry } = await engine();
    const name = uniqueName('catalog');
    const image = buildImage({ layers: [tar([{ name: 'x', content: name }])] });
    for (const repository of [`team/${name}`, `${name}-two`])
      await push(registry.address, repository, 'latest', image);
    for (const client of all) {
      const found = await client.ok(['search', '--format', '{{.Name}}', `${registry.address}/${name}`]);
      expect(found.split('\n').sort()).toEqual(
        [`${registry.address}/${name}-two`, `${registry.address}/team/${name}`].sort(),
      );
    }
    await docker.ok(['pull', '-q', `${registry.address}/team/${name}`]);
    const limited = ['search', '--limit', '1', '--format', '{{.Name}}', `${registry.address}/${name}`];
    expect((await docker.ok(limited)).split('\n')).toHaveLength(1);
  });
});
