/** `--log-driver gelf`, `fluentd` and `splunk`, with receivers that check what the published protocols say. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Authority } from '../fixtures/certificates.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { freePort, until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { FluentdReceiver } from '../fixtures/receivers/fluentd.ts';
import { GelfReceiver } from '../fixtures/receivers/gelf.ts';
import { HecReceiver } from '../fixtures/receivers/splunk.ts';

const options = (driver: string, list: string[]) => [
  '--log-driver',
  driver,
  ...list.flatMap((one) => ['--log-opt', one]),
];
const TWICE = 'a receiver may get a message twice';

describe('gelf', () => {
  let gelf: GelfReceiver;
  beforeAll(async () => {
    gelf = await GelfReceiver.start();
  });
  afterAll(() => gelf[Symbol.asyncDispose]());

  test.each(['gzip', 'zlib', 'none'])('by UDP, %s: fields, levels, chunks', async (compression) => {
    using _calm = await calm(TWICE);
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    // What does not compress is longer than one datagram.
    const script = 'echo out; echo; echo err >&2; head -c 9000 /dev/urandom | base64 -w 0; echo';
    const list = [
      `gelf-address=udp://127.0.0.1:${gelf.udpPort}`,
      `gelf-compression-type=${compression}`,
      'labels=a',
      'tag={{.Name}}',
    ];
    await docker.ok([
      'run',
      '--name',
      name,
      '-l',
      'a=1',
      ...options('gelf', list),
      busybox,
      'sh',
      '-c',
      script,
    ]);
    const mine = () => gelf.messages.filter((message) => message['_container_name'] === name);
    const messages = await until('the messages', () => (mine().length >= 3 ? mine() : undefined));
    const { Id, Created, Image } = JSON.parse(
      await docker.ok(['inspect', '-f', '{{json .}}', name]),
    ) as Record<string, string>;
    const all = {
      _container_id: Id,
      _created: Created,
      _image_id: Image,
      _image_name: busybox,
      _tag: name,
      _a: '1',
      _command: `sh -c ${script}`,
    };
    for (const message of messages) expect(message).toMatchObject(all);
    const of = (level: number) =>
      messages.filter((message) => message['level'] === level).map((message) => message['short_message']);
    // Compat: an empty line is not sent.
    expect(of(6)).toEqual(['out', expect.stringMatching(/^[\w+/=]{12000}$/)]);
    expect(of(3)).toEqual(['err']);
    const way = compression === 'none' ? 'plain' : compression;
    expect(gelf.ways).toEqual(expect.arrayContaining([way, `chunked ${way}`]));
    expect((await docker.ok(['logs', name])).split('\n').at(-1)).toHaveLength(12_000);
  });

  test('by TCP', async () => {
    using _calm = await calm(TWICE);
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const list = [`gelf-address=tcp://127.0.0.1:${gelf.tcpPort}`, 'gelf-tcp-max-reconnect=5'];
    await docker.ok(['run', '--name', name, ...options('gelf', list), busybox, 'seq', '1', '3000']);
    const mine = () => gelf.messages.filter((message) => message['_container_name'] === name);
    await until('the messages', () => mine().length >= 3000);
    expect(
      mine()
        .map((message) => message['short_message'])
        .join(),
    ).toBe(Array.from({ length: 3000 }, (_, i) => i + 1).join());
  });
});

describe('fluentd', () => {
  test('by TCP: records, tag, time, parts of a long line', async () => {
    using _calm = await calm(TWICE);
    const { docker, busybox } = await engine();
    await using fluentd = await FluentdReceiver.start();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const list = [
      `fluentd-address=127.0.0.1:${fluentd.port}`,
      'tag=docker.{{.Name}}',
      'env=E',
      'fluentd-sub-second-precision=true',
    ];
    const script = 'echo out; echo err >&2; head -c 20000 /dev/zero | tr "\\\\0" x; echo';
    await docker.ok([
      'run',
      '--name',
      name,
      '-e',
      'E=1',
      ...options('fluentd', list),
      busybox,
      'sh',
      '-c',
      script,
    ]);
    const id = await docker.ok(['inspect', '-f', '{{.Id}}', name]);
    await until('the events', () => fluentd.events.length >= 4);
    for (const { tag, time, nanos, record } of fluentd.events) {
      expect(tag).toBe(`docker.${name}`);
      expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(120);
      expect(nanos).toBeGreaterThan(0);
      expect(record).toMatchObject({ container_id: id, container_name: `/${name}`, E: '1' });
    }
    const records = fluentd.events.map(({ record }) => record);
    expect(records.filter(({ source }) => source === 'stderr').map(({ log }) => log)).toEqual(['err']);
    expect(records.filter(({ source }) => source === 'stdout').map(({ log }) => log)).toEqual([
      'out',
      'x'.repeat(16_384),
      'x'.repeat(3616),
    ]);
    expect(records.flatMap((record) => record['partial_ordinal'] ?? [])).toEqual(['1', '2']);
    expect(records.map((record) => record['partial_last']).filter(Boolean)).toEqual(['false', 'true']);
  });

  test('by a unix socket, each batch acknowledged', async () => {
    using _calm = await calm(TWICE);
    const { docker, busybox } = await engine();
    const socket = join(workFolder('fluentd'), 'socket');
    await using fluentd = await FluentdReceiver.start(socket);
    const name = uniqueName();
    await using _box = removing(docker, name);
    const list = [`fluentd-address=unix://${socket}`, 'fluentd-request-ack=true'];
    await docker.ok(['run', '--name', name, ...options('fluentd', list), busybox, 'seq', '1', '2000']);
    await until('the events', () => fluentd.events.length >= 2000);
    expect(fluentd.events.map(({ record }) => record['log']).join()).toBe(
      Array.from({ length: 2000 }, (_, i) => i + 1).join(),
    );
    expect(fluentd.acknowledged).toBeGreaterThan(0);
  });

  test('with fluentd-async, what is said before the receiver is there gets to it', async () => {
    using _calm = await calm(TWICE);
    const { docker, busybox } = await engine();
    const port = await freePort();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const list = [`fluentd-address=127.0.0.1:${port}`, 'fluentd-async=true', 'fluentd-retry-wait=100ms'];
    const flags = ENGINE === 'docker' ? list.map((one) => one.replace('async=', 'async-connect=')) : list;
    await docker.ok([
      'run',
      '-d',
      '-i',
      '--name',
      name,
      ...options('fluentd', flags),
      busybox,
      'sh',
      '-c',
      'echo early; read x',
    ]);
    await until('docker logs', async () => (await docker.ok(['logs', name])) === 'early');
    await using fluentd = await FluentdReceiver.start(port);
    await until('the event', () => fluentd.events.length > 0, 20_000);
    expect(fluentd.events[0]?.record['log']).toBe('early');
  });
});

describe('splunk', () => {
  const TOKEN = '11111111-2222-3333-4444-555555555555';
  let authority: Authority;
  let hec: HecReceiver;
  beforeAll(async () => {
    authority = await Authority.create();
    hec = await HecReceiver.start(await authority.issue('hec', ['IP:127.0.0.1']), TOKEN);
  });
  afterAll(() => hec[Symbol.asyncDispose]());

  const url = () => [
    `splunk-url=https://127.0.0.1:${hec.port}`,
    `splunk-token=${TOKEN}`,
    `splunk-capath=${authority.cert}`,
  ];
  const EVENTS: [string, string[], unknown[]][] = [
    [
      'inline',
      [],
      [
        { line: '{"a":1}', source: 'stdout', tag: 'TAG', attrs: { l: '1' } },
        { line: 'x', source: 'stdout', tag: 'TAG', attrs: { l: '1' } },
      ],
    ],
    [
      'json',
      ['splunk-format=json', 'splunk-gzip=true'],
      [
        { line: { a: 1 }, source: 'stdout', tag: 'TAG', attrs: { l: '1' } },
        { line: 'x', source: 'stdout', tag: 'TAG', attrs: { l: '1' } },
      ],
    ],
    [
      'raw',
      ['splunk-format=raw', 'splunk-source=s', 'splunk-sourcetype=t', 'splunk-index=i'],
      ['TAG l=1 {"a":1}', 'TAG l=1 x'],
    ],
  ];

  test.each(EVENTS)(
    'events as %s, over TLS, the connection tried at the start',
    async (format, list, wanted) => {
      using _calm = await calm(TWICE);
      const { docker, busybox } = await engine();
      const name = uniqueName();
      await using _box = removing(docker, name);
      const [events, verified] = [hec.events.length, hec.verified];
      const flags = options('splunk', [...url(), ...list, 'tag={{.Name}}', 'labels=l']);
      await docker.ok([
        'run',
        '--name',
        name,
        '-l',
        'l=1',
        ...flags,
        busybox,
        'sh',
        '-c',
        `echo '{"a":1}'; echo x`,
      ]);
      await until('the events', () => hec.events.length >= events + 2);
      expect(hec.verified).toBeGreaterThan(verified);
      const mine = hec.events.slice(events);
      const text = JSON.stringify(wanted).replaceAll('TAG', name);
      expect(mine.map(({ event }) => event)).toEqual(JSON.parse(text));
      for (const event of mine) expect(event['time']).toMatch(/^\d{10}\.\d{6}$/);
      expect(hec.posts.at(-1)?.gzip).toBe(format === 'json');
      if (format === 'raw') expect(mine[0]).toMatchObject({ source: 's', sourcetype: 't', index: 'i' });
      expect(await docker.ok(['logs', name])).toBe('{"a":1}\nx');
    },
  );

  test('batches are sent again while the collector is busy', async () => {
    using _calm = await calm(TWICE);
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const events = hec.events.length;
    // Compat: Docker tries again with the next batch, or at the end once.
    hec.busy = ENGINE === 'docker' ? 0 : 2;
    await docker.ok(['run', '--name', name, ...options('splunk', url()), busybox, 'seq', '1', '2500']);
    await until('the events', () => hec.events.length >= events + 2500);
    const lines = hec.events.slice(events).map(({ event }) => (event as { line: string }).line);
    expect(lines.join()).toBe(Array.from({ length: 2500 }, (_, i) => i + 1).join());
    expect(Math.max(...hec.posts.map((post) => post.events))).toBe(1000);
  });

  test('a collector that does not take the authority, or is not there, keeps the container from starting', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const list = url().filter((one) => !one.startsWith('splunk-capath'));
    const result = await docker.run(['run', '--name', name, ...options('splunk', list), busybox, 'true']);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain(
      `failed to initialize logging driver: Options "https://127.0.0.1:${hec.port}/services/collector/event/1.0": `,
    );
  });
});
