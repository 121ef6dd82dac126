import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

async function runs(...args: string[]) {
  const { docker, busybox } = await engine();
  return docker.run(['run', '--rm', ...args.map((arg) => (arg === 'IMAGE' ? busybox : arg))]);
}

describe('exit code of docker run', () => {
  test.each([0, 1, 42, 125, 255])('%d of the program is passed on', async (code) => {
    expect((await runs('IMAGE', 'sh', '-c', `exit ${code}`)).code).toBe(code);
  });

  test('a program killed by a signal gives 128 + n', async () => {
    expect((await runs('IMAGE', 'sh', '-c', 'sleep 100 & kill -9 $!; wait $!')).code).toBe(137);
  });

  test('127 when the program is not found in PATH', async () => {
    const result = await runs('IMAGE', 'no-such-program');
    expect(result.code).toBe(127);
    expect(result.stderr).toContain('exec: "no-such-program": executable file not found in $PATH: unknown');
    expect(result.stdout).toBe('');
  });

  test('127 when the path of the program is not there', async () => {
    const result = await runs('IMAGE', '/no/such/program');
    expect(result.code).toBe(127);
    expect(result.stderr).toContain(
      'exec: "/no/such/program": stat /no/such/program: no such file or directory',
    );
  });

  test('126 when it may not be executed', async () => {
    const result = await runs('IMAGE', '/etc/plain-file');
    expect(result.code).toBe(126);
    expect(result.stderr).toContain('exec: "/etc/plain-file": permission denied');
  });

  test('126 when it is a directory', async () => {
    const result = await runs('IMAGE', '/etc');
    expect(result.code).toBe(126);
    expect(result.stderr).toMatch(/exec: "\/etc": (permission denied|is a directory)/);
  });

  test('125 for an unknown image, with a daemon sentence', async () => {
    const { registry } = await engine();
    const result = await runs(`${registry.address}/nobody/nothing:no`);
    expect(result.code).toBe(125);
    expect(result.stderr).toContain(
      `manifest for ${registry.address}/nobody/nothing:no not found: manifest unknown`,
    );
  });

  test('125 for an unknown flag value, network or user', async () => {
    expect((await runs('--network', 'no-such-network', 'IMAGE', 'true')).code).toBe(125);
    expect((await runs('-m', '1k', 'IMAGE', 'true')).stderr).toContain('Minimum memory limit allowed is 6MB');
    const user = await runs('-u', 'nobody-here', 'IMAGE', 'true');
    expect(user.code).toBe(125);
    expect(user.stderr).toContain('unable to find user nobody-here: no matching entries in passwd file');
    const group = await runs('-u', 'app:no-group', 'IMAGE', 'true');
    expect(group.stderr).toContain('unable to find group no-group: no matching entries in group file');
  });

  test('125 for a working directory that is no absolute path', async () => {
    const result = await runs('-w', 'relative', 'IMAGE', 'true');
    expect(result.code).toBe(125);
    expect(result.stderr).toContain(
      "the working directory 'relative' is invalid, it needs to be an absolute path",
    );
  });

  test('after 127 the container stays, created, with its error', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    expect((await docker.run(['run', '--name', name, busybox, 'nope'])).code).toBe(127);
    const state = await docker.ok([
      'inspect',
      '-f',
      '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}',
      name,
    ]);
    expect(state).toMatch(/^created 127 .*executable file not found/);
    const again = await docker.run(['start', '-a', name]);
    expect(again.code).toBe(1);
  });
});
