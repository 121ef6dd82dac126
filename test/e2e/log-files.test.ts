/** What the log drivers `json-file` and `local` write, and what becomes of it. */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { run, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

const seq = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`).join('\n');

/** The container's directory in the data-root. */
async function directoryOf(name: string): Promise<string> {
  const { docker, daemon } = await engine();
  return join(daemon.dataRoot, 'containers', await docker.ok(['inspect', '-f', '{{.Id}}', name]));
}

describe('json-file', () => {
  test('labels, variables and a tag are in each record, and shown by --details', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const options = [
      'labels=a,none',
      'labels-regex=^b',
      'env=E',
      'env-regex=^F1',
      'tag={{.Name}}/{{.ID}}/{{.ImageName}}',
    ];
    const flags = [
      ...options.flatMap((option) => ['--log-opt', option]),
      '-l',
      'a=1 2',
      '-l',
      'bb=3',
      '-l',
      'c=4',
    ];
    await docker.ok([
      'run',
      '--name',
      name,
      ...flags,
      '-e',
      'E=5',
      '-e',
      'F1=6',
      '-e',
      'G=7',
      busybox,
      'echo',
      'x',
    ]);
    const id = await docker.ok(['inspect', '-f', '{{.Id}}', name]);
    const tag = `${name}/${id.slice(0, 12)}/${busybox}`;
    const record: unknown = JSON.parse(readFileSync(join(await directoryOf(name), `${id}-json.log`), 'utf8'));
    expect(record).toMatchObject({ log: 'x\n', attrs: { a: '1 2', bb: '3', E: '5', F1: '6', tag } });
    const details = await docker.ok(['logs', '--details', name]);
    expect(details).toBe(`E=5,F1=6,a=1+2,bb=3,tag=${encodeURIComponent(tag)} x`);
  });

  test('files before the current one are compressed, and all are read as one', async () => {
    using _calm = await calm('what a kill left plain is compressed at the next start of the container');
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const options = ['max-size=200k', 'max-file=4', 'compress=true'].flatMap((option) => [
      '--log-opt',
      option,
    ]);
    await docker.ok(['run', '--name', name, ...options, busybox, 'seq', '1', '6000']);
    const folder = await directoryOf(name);
    const files = () =>
      readdirSync(folder)
        .filter((file) => file.includes('-json.log'))
        .sort();
    await until(
      'the files',
      () =>
        files().length === 3 &&
        files()
          .slice(1)
          .every((file) => file.endsWith('.gz')),
    );
    expect(gunzipSync(readFileSync(join(folder, files()[2] ?? ''))).toString()).toContain('{"log":"1\\n"');
    expect(await docker.ok(['logs', name])).toBe(seq(1, 6000));
    expect(await docker.ok(['logs', '--tail', '5000', name])).toBe(seq(1001, 6000));
    expect(await docker.ok(['logs', '--tail', '3', name])).toBe(seq(5998, 6000));
    expect(await docker.ok(['logs', '--since', '1h', '--until', '2099-01-01T00:00:00Z', name])).toBe(
      seq(1, 6000),
    );
  });
});

describe('local', () => {
  test('is written where Docker has it, shown by nothing but logs, and followed', async () => {
    using _calm = await calm('as above');
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const options = ['--log-driver', 'local', '--log-opt', 'max-size=60k'];
    await docker.ok([
      'run',
      '-i',
      '-d',
      '--name',
      name,
      ...options,
      busybox,
      'sh',
      '-c',
      'seq 1 5000; read x; echo err >&2',
    ]);
    const following = docker.start(['logs', '-f', '--tail', '1', name]);
    await until('the last line', () => following.output() === '5000\n');
    const attached = docker.start(['attach', name]);
    attached.child.stdin?.write('go\n');
    await until('its end', () => following.child.exitCode === 0);
    expect(following.errors()).toBe('err\n');
    expect(await docker.ok(['inspect', '-f', '{{.LogPath}}', name])).toBe('');
    const folder = join(await directoryOf(name), 'local-logs');
    await until(
      'the files',
      () => readdirSync(folder).sort().join() === 'container.log,container.log.1.gz,container.log.2.gz',
    );
    expect(await docker.run(['logs', name])).toMatchObject({ stdout: `${seq(1, 5000)}\n`, stderr: 'err\n' });
    expect((await docker.run(['logs', '--tail', '2', name])).stdout).toBe('5000\n');
  });

  test.skipIf(ENGINE === 'docker')('damage in the middle hides no line before or behind it', async () => {
    const { docker, busybox } = await engine();
    for (const driver of ['local', 'json-file']) {
      const name = uniqueName();
      await using _box = removing(docker, name);
      await docker.ok(['run', '--name', name, '--log-driver', driver, busybox, 'seq', '1', '500']);
      const folder = await directoryOf(name);
      const id = await docker.ok(['inspect', '-f', '{{.Id}}', name]);
      const path = join(folder, driver === 'local' ? 'local-logs/container.log' : `${id}-json.log`);
      const bytes = readFileSync(path);
      const half = bytes.length >> 1;
      bytes.fill(0, half, half + 50);
      writeFileSync(path, Buffer.concat([bytes.subarray(0, half + 50), bytes.subarray(half + 60)]));
      const lines = (await docker.ok(['logs', name])).split('\n');
      expect(lines.length).toBeGreaterThan(494);
      expect(lines.slice(0, 200).join('\n')).toBe(seq(1, 200));
      expect(lines.slice(-200).join('\n')).toBe(seq(301, 500));
      expect(await docker.ok(['logs', '--tail', '100', name])).toBe(seq(401, 500));
    }
  });

  // dockerd sees another mount there than the test.
  test.skipIf(ENGINE === 'docker')(
    'a disk that fills up costs lines, not the container; what is there can be read',
    async () => {
      using _calm = await calm('the mount is on one container of one daemon');
      const { docker, busybox } = await engine();
      const name = uniqueName();
      await using _box = removing(docker, name);
      const options = ['--log-driver', 'local', '--log-opt', 'compress=false', '--log-opt', 'max-size=10m'];
      // 500 lines fit, whatever else is written with them in one piece.
      const script = 'seq 1 500; read x; seq 501 20000; exit 3';
      await docker.ok(['create', '-i', '--name', name, ...options, busybox, 'sh', '-c', script]);
      expect((await docker.run(['start', '-ai', name], { input: 'go\n' })).code).toBe(3);
      const folder = join(await directoryOf(name), 'local-logs');
      await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
      try {
        const again = docker.start(['start', '-ai', name]);
        await until('the first lines', async () => (await docker.ok(['logs', name])) === seq(1, 500));
        again.child.stdin?.write('go\n');
        await until('its end', () => again.child.exitCode === 3);
        const lines = (await docker.ok(['logs', name])).split('\n');
        expect(lines.length).toBeLessThan(2500);
        expect(lines.slice(0, 500).join('\n')).toBe(seq(1, 500));
        await run('mount', ['-o', 'remount,size=4m', folder]);
        expect((await docker.run(['start', '-ai', name], { input: 'go\n' })).code).toBe(3);
        expect(await docker.ok(['logs', '--tail', '20000', name])).toBe(seq(1, 20000));
      } finally {
        await run('umount', ['-l', folder]);
      }
    },
  );
});

describe('options', () => {
  const REFUSED: [string, string[], string][] = [
    ['json-file', ['--log-opt', 'x=1'], "unknown log opt 'x' for json-file log driver"],
    ['local', ['--log-driver', 'local', '--log-opt', 'x=1'], "unknown log opt 'x' for log driver local"],
    ['mode', ['--log-opt', 'mode=x'], 'logger: logging mode not supported: x'],
    [
      'max-buffer-size',
      ['--log-opt', 'max-buffer-size=1m'],
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    ],
    ['cache-disabled', ['--log-opt', 'cache-disabled=x'], 'invalid value for option cache-disabled: x'],
    ['syslog', ['--log-driver', 'syslog', '--log-opt', 'x=1'], "unknown log opt 'x' for syslog log driver"],
    [
      'syslog-address',
      ['--log-driver', 'syslog', '--log-opt', 'syslog-address=x'],
      'syslog-address should be in form proto://address, got x',
    ],
    [
      'syslog-facility',
      ['--log-driver', 'syslog', '--log-opt', 'syslog-facility=x'],
      'invalid syslog facility',
    ],
    ['syslog-format', ['--log-driver', 'syslog', '--log-opt', 'syslog-format=x'], 'Invalid syslog format'],
    [
      'journald',
      ['--log-driver', 'journald', '--log-opt', 'x=1'],
      "unknown log opt 'x' for journald log driver",
    ],
    [
      'fluentd',
      ['--log-driver', 'fluentd', '--log-opt', 'x=1'],
      "unknown log opt 'x' for fluentd log driver",
    ],
    ['splunk', ['--log-driver', 'splunk', '--log-opt', 'x=1'], "unknown log opt 'x' for splunk log driver"],
    [
      'gelf-compression-type',
      [
        '--log-driver',
        'gelf',
        '--log-opt',
        'gelf-address=tcp://x:1',
        '--log-opt',
        'gelf-compression-type=gzip',
      ],
      'compression is only supported on UDP',
    ],
  ];

  // 20.10 has other words for these.
  const SINCE_28: typeof REFUSED = [
    // Compat: Docker has awslogs and gcplogs; here they are as unknown as any.
    ...['pigeon', 'awslogs', 'gcplogs'].map((name): (typeof REFUSED)[number] => [
      `the driver ${name}`,
      ['--log-driver', name],
      `logger: no log driver named '${name}' is registered`,
    ]),
    [
      'gelf-address',
      ['--log-driver', 'gelf', '--log-opt', 'gelf-address=http://x'],
      'gelf: endpoint needs to be TCP or UDP',
    ],
    ['no gelf-address', ['--log-driver', 'gelf'], 'gelf-address is a required parameter'],
  ];

  test.each(ENGINE === 'docker' ? REFUSED : [...REFUSED, ...SINCE_28])(
    '%s that cannot be is refused in Docker’s words',
    async (_what, flags, sentence) => {
      const { docker, busybox } = await engine();
      const result = await docker.run(['create', ...flags, busybox, 'true']);
      expect(result.code).toBe(1);
      expect(result.stderr.trim()).toBe(`Error response from daemon: ${sentence}`);
    },
  );

  test('the drivers are in info', async () => {
    const { docker } = await engine();
    const drivers = await docker.ok(['info', '-f', '{{json .Plugins.Log}}']);
    expect(JSON.parse(drivers)).toEqual(
      expect.arrayContaining(['fluentd', 'gelf', 'journald', 'json-file', 'local', 'splunk', 'syslog']),
    );
  });
});

describe('daemon.json', () => {
  test('names the driver and its options for containers that name none', async () => {
    const options = { 'max-size': '1m', 'cache-max-size': '2m' };
    const own = await Daemon.start({ subnet: 95, config: { 'log-driver': 'local', 'log-opts': options } });
    try {
      const { docker } = await engine();
      const client = new Client(docker.cli, own.host);
      await client.ok(['import', '-', 'base:1'], { input: busyboxRootfs() });
      const configOf = async (...flags: string[]) => {
        const name = uniqueName();
        await client.ok(['create', '--name', name, ...flags, 'base:1', 'true']);
        return JSON.parse(
          await client.ok(['inspect', '-f', '{{json .HostConfig.LogConfig}}', name]),
        ) as unknown;
      };
      expect(await client.ok(['info', '-f', '{{.LoggingDriver}}'])).toBe('local');
      expect(await configOf()).toEqual({ Type: 'local', Config: options });
      expect(await configOf('--log-opt', 'max-size=3m')).toEqual({
        Type: 'local',
        Config: { ...options, 'max-size': '3m' },
      });
      expect(await configOf('--log-driver', 'json-file')).toEqual({
        Type: 'json-file',
        Config: { 'cache-max-size': '2m' },
      });
    } finally {
      await own.stop();
    }
  });

  test('with options that cannot be keeps the daemon from starting', async () => {
    using _calm = await calm('a daemon that does not start');
    const own = new Daemon({ subnet: 96, config: { 'log-driver': 'json-file', 'log-opts': { x: 'y' } } });
    own.spawn();
    expect(await own.ended()).not.toBe(0);
    expect(own.logTail()).toContain("failed to set log opts: unknown log opt 'x' for json-file log driver");
  });
});
