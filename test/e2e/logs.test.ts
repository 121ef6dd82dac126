import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { calm } from '../fixtures/chaos/calm.ts';
import { engine } from '../fixtures/engine.ts';
import { sleep, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { started } from '../fixtures/started.ts';

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;

describe('docker logs', () => {
  test('gives output and errors apart, after the end and after a second start', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.run(['run', '--name', name, busybox, 'sh', '-c', 'echo out; echo err >&2']);
    expect(await docker.run(['logs', name])).toMatchObject({ code: 0, stdout: 'out\n', stderr: 'err\n' });
    await docker.ok(['start', '-a', name]);
    expect(await docker.run(['logs', name])).toMatchObject({ stdout: 'out\nout\n', stderr: 'err\nerr\n' });
  });

  test('--tail', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '--name', name, busybox, 'seq', '1', '1000']);
    expect(await docker.ok(['logs', '--tail', '3', name])).toBe('998\n999\n1000');
    expect(await docker.ok(['logs', '--tail', '0', name])).toBe('');
    expect((await docker.ok(['logs', '--tail', 'all', name])).split('\n')).toHaveLength(1000);
    expect((await docker.ok(['logs', '--tail', '5000', name])).split('\n')).toHaveLength(1000);
  });

  test('-t stamps each line', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '--name', name, busybox, 'sh', '-c', 'echo a; sleep 0.1; echo b']);
    const lines = (await docker.ok(['logs', '-t', name])).split('\n');
    expect(lines.map((line) => line.replace(STAMP, ''))).toEqual(['a', 'b']);
    for (const line of lines) expect(line).toMatch(STAMP);
    expect((lines[0] ?? '') < (lines[1] ?? '')).toBe(true);
  });

  test('--since and --until cut by time', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '--name', name, busybox, 'sh', '-c', 'echo old; sleep 1.2; echo new']);
    const stamps = (await docker.ok(['logs', '-t', name]))
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '');
    expect(await docker.ok(['logs', '--since', stamps[1] ?? '', name])).toBe('new');
    expect(await docker.ok(['logs', '--until', stamps[0] ?? '', name])).toBe('old');
    expect(await docker.ok(['logs', '--since', '1h', name])).toBe('old\nnew');
    expect(await docker.ok(['logs', '--since', '2099-01-01T00:00:00Z', name])).toBe('');
  });

  test('-f follows until the end', async () => {
    const { docker } = await engine();
    await using box = await started('echo first; read x; echo last', { says: 'first', flags: ['-i'] });
    const { name } = box;
    const following = docker.start(['logs', '-f', name]);
    await until('the first line', () => following.output() === 'first\n');
    expect(following.child.exitCode).toBe(null);
    const attached = docker.start(['attach', name]);
    attached.child.stdin?.write('go\n');
    await until('the last line', () => following.output() === 'first\nlast\n');
    await until('its end', () => following.child.exitCode === 0);
  });

  test('-f --tail 0 shows only what is new', async () => {
    using _calm = await calm('it is asked within a second and a half');
    const { docker } = await engine();
    await using box = await started('echo old; sleep 1.5; echo new', { says: 'old' });
    const result = await docker.run(['logs', '-f', '--tail', '0', box.name]);
    expect(result.stdout).toBe('new\n');
  });

  test('a line of 40,000 bytes and a last one without a newline come as they were', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const script = 'head -c 40000 /dev/zero | tr "\\\\0" x; echo; printf "no newline"';
    await docker.run(['run', '--name', name, busybox, 'sh', '-c', script]);
    expect((await docker.run(['logs', name])).stdout).toBe(`${'x'.repeat(40_000)}\nno newline`);
  });

  test('bytes that are no text, and quotes, come as they were', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.run(['run', '--name', name, busybox, 'printf', '"q" \\\\ <&> \\001\\t é ☃ \\u2028\n']);
    expect((await docker.run(['logs', name])).stdout).toBe('"q" \\ <&> \u0001\t é ☃ \\u2028\n');
  });

  test('the log file is Docker json-file', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.run(['run', '--name', name, busybox, 'sh', '-c', 'echo "a<b>"; echo e >&2']);
    const path = await docker.ok(['inspect', '-f', '{{.LogPath}}', name]);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    const records = lines.map((line) => JSON.parse(line) as Record<string, string>);
    expect(records.map(({ log, stream }) => `${stream} ${log}`).sort()).toEqual([
      'stderr e\n',
      'stdout a<b>\n',
    ]);
    for (const record of records) expect(Object.keys(record)).toEqual(['log', 'stream', 'time']);
  });

  test('of an unknown container', async () => {
    const { docker } = await engine();
    const result = await docker.run(['logs', 'nobody']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('No such container: nobody');
  });

  test('a follower that goes away leaves nothing open', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok([
      'run',
      '-d',
      '--name',
      name,
      busybox,
      'sh',
      '-c',
      'while :; do echo x; sleep 0.01; done',
    ]);
    for (let n = 0; n < 5; n++) {
      const following = docker.start(['logs', '-f', name]);
      await until('a line', () => following.output().length > 0);
      following.child.kill('SIGKILL');
    }
    await sleep(100);
    expect((await docker.run(['rm', '-f', name])).code).toBe(0);
  });
});
