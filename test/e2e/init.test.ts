import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

/** A container whose program waits for no children. */
async function sleeper(...flags: string[]): Promise<AsyncDisposable & { name: string }> {
  const { docker, busybox } = await engine();
  const name = uniqueName('init');
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
  return Object.assign(removing(docker, name), { name });
}

/** Leaves an orphan in it, which then ends; its pid in there. */
async function orphan(name: string): Promise<string> {
  const { docker } = await engine();
  const pid = await docker.ok(['exec', name, 'sh', '-c', 'sleep 0.2 > /dev/null & echo $!']);
  return pid.trim();
}

async function stateIn(name: string, pid: string): Promise<string> {
  const { docker } = await engine();
  const { stdout } = await docker.run(['exec', name, 'cat', `/proc/${pid}/stat`]);
  return stdout.split(' ')[2] ?? '';
}

test('--init reaps what its program does not', async () => {
  await using plain = await sleeper();
  await using init = await sleeper('--init');
  const [left, reaped] = [await orphan(plain.name), await orphan(init.name)];
  await until('a zombie where there is no init', async () => (await stateIn(plain.name, left)) === 'Z');
  await until('none where there is one', async () => (await stateIn(init.name, reaped)) === '');
});

test('--init passes on signals and the exit code, and is what the engine says', async () => {
  const { docker, busybox } = await engine();
  await using init = await sleeper('--init');
  const { name } = init;
  expect(await docker.ok(['exec', name, 'cat', '/proc/1/cmdline'])).toBe(
    '/sbin/docker-init\0--\0sleep\x001000\0',
  );
  // A first process of its own would ignore it.
  await docker.ok(['stop', '-t', '60', name]);
  expect(await docker.ok(['inspect', '-f', '{{.State.ExitCode}} {{.HostConfig.Init}}', name])).toBe(
    '143 true',
  );
  const ended = await docker.run(['run', '--rm', '--init', busybox, 'sh', '-c', 'exit 42']);
  expect(ended.code).toBe(42);
  const missing = await docker.run(['run', '--rm', '--init', busybox, 'no-such-program']);
  expect(missing.code).toBe(127);
  // The host's: no image needs one.
  const program = readFileSync('/usr/bin/docker-init');
  expect(await docker.ok(['run', '--rm', '--init', busybox, 'sh', '-c', 'wc -c < /sbin/docker-init'])).toBe(
    String(program.length),
  );
});

test('init and init-path of daemon.json are for containers that say nothing', async () => {
  using _calm = await calm('a daemon of its own, for a moment');
  const { registry } = await engine();
  await using daemon = Object.assign(
    new Daemon({ subnet: 98, config: { init: true, 'init-path': '/usr/bin/tini-static' } }),
    { [Symbol.asyncDispose]: () => daemon.stop() },
  );
  await daemon.start();
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  const docker = new Client(cli, daemon.host);
  const image = `${registry.address}/busybox:latest`;
  await docker.ok(['pull', '-q', image]);
  const first = (...flags: string[]) =>
    docker.ok(['run', '--rm', ...flags, image, 'sh', '-c', 'cat /proc/1/cmdline; wc -c < /proc/1/exe']);
  const tini = readFileSync('/usr/bin/tini-static').length;
  const shown = await first();
  expect(shown).toStartWith('/sbin/docker-init\0--\0sh\0');
  expect(shown).toEndWith(`\0${tini}`);
  expect(await first('--init=false')).toStartWith('sh\0-c');
  expect(await docker.ok(['info', '--format', '{{.InitBinary}}'])).toBe('/usr/bin/tini-static');
});
