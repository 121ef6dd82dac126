import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

describe('docker run -t', () => {
  test('-t without input gives the program a terminal, with CRLF', async () => {
    const { docker, busybox } = await engine();
    const result = await docker.run(['run', '--rm', '-t', busybox, 'sh', '-c', 'tty; echo err >&2']);
    expect(result).toMatchObject({ code: 0, stdout: '/dev/pts/0\r\nerr\r\n', stderr: '' });
  });

  test('-it has the size of the client, echoes, and passes the exit code on', async () => {
    const { docker, busybox } = await engine();
    const terminal = await docker.terminal(['run', '--rm', '-it', busybox, 'sh'], 31, 97);
    await terminal.see(/\/ # /);
    terminal.type('stty size\n');
    await terminal.see(/31 97/);
    terminal.type('exit 9\n');
    expect(await terminal.ended).toBe(9);
  });

  test('a resize reaches the program', async () => {
    const { docker, busybox } = await engine();
    const script = 'trap "echo resized" WINCH; while ! read -t 1 x; do stty size; done';
    const terminal = await docker.terminal(['run', '--rm', '-it', busybox, 'sh', '-c', script], 24, 80);
    await terminal.see(/24 80/);
    await terminal.resize(45, 123);
    await terminal.see(/45 123/);
    expect(terminal.screen()).toContain('resized');
    terminal.type('\n');
    expect(await terminal.ended).toBe(0);
  });

  test('Ctrl-C reaches the program', async () => {
    const { docker, busybox } = await engine();
    const terminal = await docker.terminal([
      'run',
      '--rm',
      '-it',
      busybox,
      'sh',
      '-c',
      'trap "echo caught; exit 3" INT; echo on; while :; do sleep 0.1; done',
    ]);
    await terminal.see(/on/);
    terminal.type('\x03');
    await terminal.see(/caught/);
    expect(await terminal.ended).toBe(3);
  });

  test('Ctrl-P Ctrl-Q lets go, and attach comes back', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const first = await docker.terminal(['run', '-it', '--name', name, busybox, 'sh']);
    await first.see(/\/ # /);
    first.type('\x10\x11');
    expect(await first.ended).toBe(0);
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', name])).toBe('running');
    const second = await docker.terminal(['attach', name]);
    second.type('echo ag""ain\n');
    await second.see(/again/);
    second.type('exit 4\n');
    expect(await second.ended).toBe(4);
  });

  test('what a terminal showed is in its log', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-t', '--name', name, busybox, 'echo', 'shown']);
    expect((await docker.run(['logs', name])).stdout).toBe('shown\r\n');
  });
});
