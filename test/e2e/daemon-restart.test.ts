import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { freePort, run, sleep, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

describe('a daemon that is killed and started again', () => {
  test('has its default bridge where it was, though no container is on it', async () => {
    const { docker, daemon, busybox } = await engine();
    await docker.ok(['run', '--rm', busybox, 'true']);
    const format = '{{(index .IPAM.Config 0).Gateway}} {{index .Options "com.docker.network.bridge.name"}}';
    const before = await docker.ok(['network', 'inspect', '-f', format, 'bridge']);
    const [gateway = '', bridge] = before.split(' ');
    await daemon.kill();
    await daemon.start();
    expect(await docker.ok(['network', 'inspect', '-f', format, 'bridge'])).toBe(before);
    await docker.ok(['run', '--rm', busybox, 'true']);
    const { stdout } = await run('ip', ['-4', '-br', 'addr', 'show', 'dev', bridge ?? '']);
    expect(stdout.match(/\S+\/\d+/g)).toEqual([expect.stringContaining(`${gateway}/`)]);
  });

  test('finds containers as they were, with the output and the exit codes of the gap', async () => {
    const { docker, daemon, busybox } = await engine();
    const [writer, ender, sleeper, dead] = ['write', 'end', 'sleep', 'dead'].map(uniqueName) as [
      string,
      string,
      string,
      string,
    ];
    await using _boxes = removing(docker, writer, ender, sleeper, dead);
    const count = 'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.01; done';
    await docker.ok(['run', '-d', '--name', writer, busybox, 'sh', '-c', count]);
    await docker.ok([
      'run',
      '-d',
      '--name',
      ender,
      busybox,
      'sh',
      '-c',
      'sleep 1.5; echo last words; exit 42',
    ]);
    await docker.ok(['run', '-d', '--name', sleeper, busybox, 'sleep', '1000']);
    await docker.run(['run', '--name', dead, busybox, 'sh', '-c', 'exit 3']);
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', sleeper]);

    await daemon.kill();
    await sleep(2500);
    await daemon.start();

    expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', ender])).toBe(
      'exited 42',
    );
    expect(await docker.ok(['logs', ender])).toBe('last words');
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.Pid}}', sleeper])).toBe(
      `running ${pid}`,
    );
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', dead])).toBe(
      'exited 3',
    );
    const lines = (await docker.ok(['logs', writer])).split('\n');
    expect(lines.length).toBeGreaterThan(30);
    expect(lines).toEqual(lines.map((_line, index) => `line ${index + 1}`));
    await docker.ok(['stop', '-t', '0', sleeper]);
    expect(await docker.ok(['inspect', '-f', '{{.State.ExitCode}}', sleeper])).toBe('137');
    expect(await docker.ok(['start', dead])).toBe(dead);
  }, 60_000);

  test('published ports work meanwhile and afterwards', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const port = await freePort();
    const page = async (): Promise<string> =>
      (await run('curl', ['-s', '-m', '3', `http://127.0.0.1:${port}/`])).stdout;
    await docker.ok(['run', '-d', '--name', name, '-p', `${port}:80`, busybox, 'httpd', '-f', '-h', '/www']);
    await until('the page', page);
    const ip = await docker.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', name]);
    await daemon.kill();
    expect((await run('curl', ['-s', '-m', '3', `http://${ip}/`])).stdout).toBe('hello from the image\n');
    await daemon.start();
    expect(await page()).toBe('hello from the image\n');
    const other = await docker.ok(['run', '-d', busybox, 'sleep', '100']);
    await using _other = removing(docker, other);
    expect(
      await docker.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', other]),
    ).not.toBe(ip);
  }, 60_000);

  test('attach and logs -f work on a container from before', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok([
      'run',
      '-d',
      '-i',
      '--name',
      name,
      busybox,
      'sh',
      '-c',
      'while read x; do echo "got $x"; done',
    ]);
    await daemon.kill();
    await daemon.start();
    const following = docker.start(['logs', '-f', name]);
    const attached = docker.start(['attach', name]);
    attached.child.stdin?.write('after\n');
    await until('the answer', () => attached.output() === 'got after\n');
    await until('the log', () => following.output() === 'got after\n');
    attached.child.kill('SIGKILL');
    following.child.kill('SIGKILL');
  }, 60_000);

  test('a --rm container that ended meanwhile is removed', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--rm', '--name', name, busybox, 'sleep', '1']);
    await daemon.kill();
    await sleep(1500);
    await daemon.start();
    await until(
      'it to be removed',
      async () => (await docker.ok(['ps', '-aq', '--filter', `name=${name}`])) === '',
    );
  }, 60_000);

  test('is stopped by SIGTERM with exit code 0, and containers go on', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]);
    expect(await daemon.terminate()).toBe(0);
    process.kill(Number(pid), 0);
    await daemon.start();
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.Pid}}', name])).toBe(
      `running ${pid}`,
    );
  }, 60_000);

  test('images and their layers survive', async () => {
    const { docker, daemon, busybox } = await engine();
    const before = await docker.ok(['images', '--no-trunc']);
    await daemon.kill();
    await daemon.start();
    expect((await docker.ok(['images', '--no-trunc'])).split('\n').sort()).toEqual(before.split('\n').sort());
    expect(await docker.ok(['run', '--rm', busybox, 'echo', 'ok'])).toBe('ok');
  }, 60_000);
});
