import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { calm } from '../fixtures/chaos/calm.ts';
import { engine } from '../fixtures/engine.ts';
import { sh, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

describe('standard streams', () => {
  test('keep their order within each stream', async () => {
    const { docker, busybox } = await engine();
    const script = 'i=0; while [ $i -lt 2000 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done';
    const result = await docker.run(['run', '--rm', busybox, 'sh', '-c', script]);
    const numbers = Array.from({ length: 2000 }, (_, index) => index);
    expect(result.stdout).toBe(numbers.map((n) => `o${n}\n`).join(''));
    expect(result.stderr).toBe(numbers.map((n) => `e${n}\n`).join(''));
  });

  test('-i hands input over, and its end', async () => {
    const { docker, busybox } = await engine();
    const result = await docker.run(['run', '--rm', '-i', busybox, 'sh', '-c', 'cat; echo end'], {
      input: 'hi\n',
    });
    expect(result).toMatchObject({ code: 0, stdout: 'hi\nend\n' });
  });

  test('10 MB of input come out again as they were', async () => {
    const { docker, busybox } = await engine();
    const bytes = Buffer.alloc(10 << 20);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
    const result = await docker.run(['run', '--rm', '-i', busybox, 'sha256sum'], { input: bytes });
    expect(result.stdout).toBe(`${createHash('sha256').update(bytes).digest('hex')}  -\n`);
  });

  test('binary input comes back through cat byte for byte', async () => {
    using _calm = await calm('a pipeline of the shell: nobody settles what is cut');
    const { docker, busybox } = await engine();
    const program = `head -c 3000000 /bin/busybox | ${docker.cli.program} run --rm -i ${busybox} cat | sha256sum`;
    const env = { DOCKER_HOST: (await engine()).daemon.host };
    expect(await sh(program, { env })).toBe(await sh('head -c 3000000 /bin/busybox | sha256sum'));
  });

  test('without -i input is at its end', async () => {
    const { docker, busybox } = await engine();
    const result = await docker.run(['run', '--rm', busybox, 'sh', '-c', 'cat; echo end'], {
      input: 'lost\n',
    });
    expect(result.stdout).toBe('end\n');
  });

  test('a slow reader gets everything', async () => {
    using _calm = await calm('a pipeline of the shell: nobody settles what is cut');
    const { docker, busybox, daemon } = await engine();
    const lines = 200_000;
    const pipe = `${docker.cli.program} run --rm ${busybox} seq 1 ${lines} | (sleep 1; cat) | tail -1`;
    expect(await sh(pipe, { env: { DOCKER_HOST: daemon.host } })).toBe(`${lines}`);
  });

  test('a prompt without a newline is forwarded at once', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const command = docker.start([
      'run',
      '-i',
      '--name',
      name,
      busybox,
      'sh',
      '-c',
      'printf "name? "; read x; echo "hello $x"',
    ]);
    await until('the prompt', () => command.output() === 'name? ');
    command.child.stdin?.end('you\n');
    await until('the answer', () => command.output() === 'name? hello you\n');
  });

  test('attach to a running container sees its output and sends input', async () => {
    const { docker, busybox } = await engine();
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
      'read x; echo "got $x"; read x; echo "got $x"',
    ]);
    const attached = docker.start(['attach', name]);
    attached.child.stdin?.write('one\n');
    await until('the first answer', () => attached.output() === 'got one\n');
    attached.child.stdin?.write('two\n');
    await until('the second', () => attached.output() === 'got one\ngot two\n');
    expect(await docker.ok(['wait', name])).toBe('0');
  });

  test('two clients attached both get the output', async () => {
    using _calm = await calm('the end of the daemon is the end of an input for one client');
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const script = 'until read -t 1 x; do echo ready; done; echo "got $x"';
    await docker.ok(['run', '-d', '-i', '--name', name, busybox, 'sh', '-c', script]);
    const [one, two] = [docker.start(['attach', '--no-stdin', name]), docker.start(['attach', name])];
    await until('both to listen', () => one.output() !== '' && two.output() !== '');
    two.child.stdin?.write('it\n');
    const all = /^(ready\n)+got it\n$/;
    await until('both', () => all.test(one.output()) && all.test(two.output()));
  });

  test('a client that is killed takes no container with it', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const command = docker.start(['run', '--name', name, busybox, 'sh', '-c', 'while :; do echo x; done']);
    await until('output', () => command.output().length > 100_000);
    command.child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}}', name])).toBe('running');
    expect((await docker.run(['rm', '-f', name])).took).toBeLessThan(10_000);
  });
});
