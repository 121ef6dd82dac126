/** `--log-driver syslog` and `journald`, each with a real receiver. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Authority } from '../fixtures/certificates.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { engine } from '../fixtures/engine.ts';
import { freePort, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { HAS_JOURNALD, Journal } from '../fixtures/receivers/journal.ts';
import { HAS_RSYSLOG, Rsyslog } from '../fixtures/receivers/rsyslog.ts';

const options = (driver: string, list: string[]) => [
  '--log-driver',
  driver,
  ...list.flatMap((one) => ['--log-opt', one]),
];

describe.skipIf(!HAS_RSYSLOG)('syslog, received by rsyslog', () => {
  let rsyslog: Rsyslog;
  let authority: Authority;
  let client: { key: string; cert: string };
  beforeAll(async () => {
    authority = await Authority.create();
    rsyslog = await Rsyslog.start(authority);
    client = await authority.issue('client', ['DNS:client']);
  });
  afterAll(() => rsyslog?.[Symbol.asyncDispose]());

  const STAMP = '[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d';
  const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d';
  const ZONE = '(?:Z|[+-]\\d\\d:\\d\\d)';
  /** How it comes, the address, the format, the head of a message to stdout with its facility. */
  const WAYS: [string, (r: Rsyslog) => string, string, string][] = [
    ['udp', (r) => `udp://127.0.0.1:${r.udp}`, '', `<30>${STAMP} TAG\\[\\d+\\]: `],
    ['tcp', (r) => `tcp://127.0.0.1:${r.tcp}`, 'rfc3164', `<30>${STAMP} \\S+ TAG\\[\\d+\\]: `],
    ['stream', (r) => `unix://${r.folder}/stream`, 'rfc5424', `<30>1 ${TIME}${ZONE} \\S+ TAG \\d+ TAG - `],
    ['imuxsock', (r) => `unixgram://${r.folder}/datagram`, '', `<30>${STAMP} TAG\\[\\d+\\]: `],
    [
      'tls',
      (r) => `tcp+tls://127.0.0.1:${r.tls}`,
      'rfc5424micro',
      `<30>1 ${TIME}(?:\\.\\d{1,6})?${ZONE} \\S+ TAG \\d+ TAG - `,
    ],
  ];

  test.each(WAYS)(
    'by %s, as Docker lays it out; docker logs works all the same',
    async (way, address, format, head) => {
      using _calm = await calm('a receiver may get a message twice');
      const { docker, busybox } = await engine();
      const name = uniqueName();
      await using _box = removing(docker, name);
      const list = [
        `syslog-address=${address(rsyslog)}`,
        'tag={{.Name}}',
        ...(format ? [`syslog-format=${format}`] : []),
      ];
      if (way === 'tls') {
        list.push(
          `syslog-tls-ca-cert=${authority.cert}`,
          `syslog-tls-cert=${client.cert}`,
          `syslog-tls-key=${client.key}`,
        );
      }
      const script = `echo out-${name}; echo err-${name} >&2`;
      await docker.ok(['run', '--name', name, ...options('syslog', list), busybox, 'sh', '-c', script]);
      const out = await rsyslog.message(`out-${name}`);
      expect(out).toMatch(new RegExp(`^${way} ${head.replaceAll('TAG', name)}out-${name}$`));
      expect(await rsyslog.message(`err-${name}`)).toStartWith(`${way} <27>`);
      expect(await docker.run(['logs', name])).toMatchObject({
        stdout: `out-${name}\n`,
        stderr: `err-${name}\n`,
      });
    },
  );

  test('facility, default tag, many lines in order, none twice, and no cache where it is off', async () => {
    using _calm = await calm('a receiver may get a message twice');
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const list = [
      `syslog-address=tcp://127.0.0.1:${rsyslog.tcp}`,
      'syslog-facility=local3',
      'cache-disabled=true',
    ];
    await docker.ok([
      'run',
      '--name',
      name,
      ...options('syslog', list),
      busybox,
      'sh',
      '-c',
      `seq 1 5000 | sed 's/^/${name} /'`,
    ]);
    const id = await docker.ok(['inspect', '-f', '{{.Id}}', name]);
    await rsyslog.message(`${name} 5000`);
    const lines = rsyslog.lines().filter((line) => line.includes(`${name} `));
    expect(lines.map((line) => line.split(' ').at(-1)).join()).toBe(
      Array.from({ length: 5000 }, (_, i) => i + 1).join(),
    );
    expect(lines[0]).toMatch(new RegExp(`^tcp <158>${STAMP} ${id.slice(0, 12)}\\[`));
    const read = await docker.run(['logs', name]);
    expect(read.code).toBe(1);
    expect(read.stderr).toContain('configured logging driver does not support reading');
  });

  test('a receiver that is not there keeps the container from starting, in Docker’s words', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const where = `127.0.0.1:${await freePort()}`;
    const result = await docker.run([
      'run',
      '--name',
      name,
      ...options('syslog', [`syslog-address=tcp://${where}`]),
      busybox,
      'true',
    ]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain(
      `failed to initialize logging driver: dial tcp ${where}: connect: connection refused`,
    );
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', name])).toBe('created');
  });
});

describe.skipIf(!HAS_JOURNALD)('journald, received by systemd-journald', () => {
  let journal: Journal;
  beforeAll(async () => {
    journal = await Journal.start();
  });
  afterAll(() => journal?.[Symbol.asyncDispose]());

  test('fields of the container, priorities, labels and long lines', async () => {
    using _calm = await calm('a receiver may get a message twice');
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const script = 'echo out; echo err >&2; head -c 20000 /dev/zero | tr "\\\\0" x; echo';
    const flags = options('journald', ['labels=my.label', 'env=E', 'tag=t/{{.Name}}']);
    await docker.ok([
      'run',
      '--name',
      name,
      '-l',
      'my.label=a b',
      '-e',
      'E=two',
      ...flags,
      busybox,
      'sh',
      '-c',
      script,
    ]);
    const id = await docker.ok(['inspect', '-f', '{{.Id}}', name]);
    const entries = await until('the entries', async () => {
      const found = await journal.entries(`CONTAINER_NAME=${name}`);
      return found.length >= 4 ? found : undefined;
    });
    const all = {
      CONTAINER_ID: id.slice(0, 12),
      CONTAINER_ID_FULL: id,
      CONTAINER_TAG: `t/${name}`,
      SYSLOG_IDENTIFIER: `t/${name}`,
    };
    for (const entry of entries)
      expect(entry).toMatchObject({ ...all, IMAGE_NAME: busybox, MY_LABEL: 'a b', E: 'two' });
    const of = (priority: string) =>
      entries.filter((entry) => entry['PRIORITY'] === priority).map((entry) => entry['MESSAGE']);
    expect(of('3')).toEqual(['err']);
    expect(of('6')).toEqual(['out', 'x'.repeat(16_384), 'x'.repeat(20_000 - 16_384)]);
    const parts = entries.filter((entry) => entry['CONTAINER_PARTIAL_ID']);
    expect(
      parts.map((part) => `${part['CONTAINER_PARTIAL_ORDINAL']} ${part['CONTAINER_PARTIAL_LAST']}`),
    ).toEqual(['1 false', '2 true']);
    expect(parts[0]?.['CONTAINER_PARTIAL_MESSAGE']).toBe('true');
    expect((await docker.run(['logs', name])).stdout).toBe(`out\n${'x'.repeat(20_000)}\n`);
  });
});
