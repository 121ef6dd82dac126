import { beforeAll, describe, expect, test } from 'bun:test';
import { Client, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { uniqueName } from '../fixtures/names.ts';

describe('docker events', () => {
  const name = uniqueName('events');
  const volume = uniqueName('events');
  let range: string[] = [];
  let id = '';
  beforeAll(async () => {
    const { docker, busybox } = await engine();
    const since = (Date.now() / 1000).toFixed(3);
    await docker.ok(['create', '--name', name, '-l', 'who=me', '-v', `${volume}:/v`, busybox, 'true']);
    id = await docker.ok(['inspect', '-f', '{{.Id}}', name]);
    await docker.run(['start', '-a', name]);
    await docker.ok(['rm', name]);
    await docker.ok(['volume', 'rm', volume]);
    range = ['--since', since, '--until', (Date.now() / 1000 + 0.2).toFixed(3)];
    await Bun.sleep(200);
  });

  /** `type action` of the events that match, of this test's objects only. */
  async function matching(...filters: string[]): Promise<string[]> {
    const { docker, busybox } = await engine();
    const fill = (text: string) =>
      text
        .replace('ID', id)
        .replace('IMAGE', busybox)
        .replace('REPOSITORY', busybox.replace(/:latest$/, ''));
    const flags = filters.flatMap((filter) => ['--filter', fill(filter)]);
    const format = '{{.Type}} {{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}';
    const lines = (await docker.ok(['events', ...range, ...flags, '--format', format])).split('\n');
    return lines
      .filter((line) => [name, volume, id].some((mine) => line.includes(mine)))
      .map((line) => line.split(' ').slice(0, 2).join(' '));
  }

  const LIFE = ['create', 'attach', 'start', 'die', 'destroy'].map((action) => `container ${action}`);
  const FILTERS: [string, string[], string[]][] = [
    ['a name', [`container=${name}`], LIFE],
    ['an id', ['container=ID'], LIFE],
    ['a label', ['label=who=me'], LIFE],
    ['a label that it has not', ['label=who=you'], []],
    ['an image', ['type=container', 'image=IMAGE'], LIFE],
    ['the repository of an image', ['type=container', 'image=nothing', 'image=REPOSITORY'], LIFE],
    ['an image that is a container', ['type=container', `image=${name}`], []],
    [
      'several of one key',
      ['event=start', 'event=die', `container=${name}`],
      ['container start', 'container die'],
    ],
    ['one of each', ['type=container', 'event=destroy', 'label=who'], ['container destroy']],
    [
      'a volume',
      [`volume=${volume}`],
      ['create', 'mount', 'unmount', 'destroy'].map((action) => `volume ${action}`),
    ],
    ['a network', ['network=bridge', 'type=network'], ['network connect', 'network disconnect']],
    ['a scope', ['scope=swarm'], []],
    ['a scope and a type', ['scope=local', 'type=volume', 'event=mount'], ['volume mount']],
    ['a daemon', ['daemon=nobody'], []],
  ];

  test.each(FILTERS)('filtered by %s', async (_what, filters, actions) => {
    expect(await matching(...filters)).toEqual(actions);
  });

  test('lines, json and templates; minke prints the same', async () => {
    const { docker, daemon } = await engine();
    const minke = new Client(MINKE_CLI, daemon.host);
    const of = [...range, '--filter', `container=${name}`];
    const lines = (await docker.ok(['events', ...of])).split('\n');
    expect(lines[0]).toMatch(
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}\\S+ container create ${id} \\(.*name=${name}, .*who=me\\)$`,
      ),
    );
    const json = (await docker.ok(['events', ...of, '--format', 'json'])).split('\n');
    expect(JSON.parse(json[3] ?? '')).toMatchObject({
      ...{ Type: 'container', Action: 'die', scope: 'local' },
      Actor: { ID: id, Attributes: { name, who: 'me', exitCode: '0' } },
    });
    expect(await minke.ok(['events', ...of])).toBe(lines.join('\n'));
    const template = '{{.TimeNano}} {{.Action}} {{.Actor.Attributes.exitCode}}';
    expect(await minke.ok(['events', ...of, '--format', template])).toBe(
      await docker.ok(['events', ...of, '--format', template]),
    );
    if (ENGINE === 'minke') {
      const keys = (text: string) => text.replaceAll(/"(status|id|from)":"[^"]*",/g, '');
      expect(keys(await minke.ok(['events', ...of, '--format', 'json']))).toBe(keys(json.join('\n')));
    }
  });

  test.skipIf(ENGINE === 'docker')('are there after the daemon was killed', async () => {
    const { daemon } = await engine();
    const before = await matching(`container=${name}`);
    await daemon.kill();
    await daemon.start();
    expect(await matching(`container=${name}`)).toEqual(before);
  });
});
