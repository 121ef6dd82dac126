import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { started } from '../fixtures/started.ts';

describe('docker create and start', () => {
  test('create leaves it created; start runs it', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const id = await docker.ok(['create', '--name', name, busybox, 'sh', '-c', 'echo ran; exit 6']);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.Pid}}', name])).toBe('created 0');
    const started = await docker.run(['start', '-a', name]);
    expect(started).toMatchObject({ code: 6, stdout: 'ran\n' });
  });

  test('start -a -i hands input over', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['create', '-i', '--name', name, busybox, 'cat']);
    expect(await docker.run(['start', '-a', '-i', name], { input: 'through\n' })).toMatchObject({
      code: 0,
      stdout: 'through\n',
    });
  });

  test('start prints the name, runs a stopped one again with its files, and does nothing to a running one', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '--name', name, busybox, 'sh', '-c', 'echo x >> /count; wc -l < /count']);
    expect(await docker.ok(['start', name])).toBe(name);
    expect(await docker.ok(['wait', name])).toBe('0');
    expect(await docker.ok(['logs', name])).toBe('1\n2');
  });

  test('start of a running one is no error', async () => {
    const { docker, busybox, daemon } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '100']);
    expect(await docker.ok(['start', name])).toBe(name);
    expect((await daemon.api.post(`/containers/${name}/start`)).status).toBe(304);
  });

  test('start of an unknown one fails with its name', async () => {
    const { docker } = await engine();
    const result = await docker.run(['start', 'nobody']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('No such container: nobody');
  });
});

describe('docker stop and kill', () => {
  test('stop lets a program end by itself', async () => {
    const { docker } = await engine();
    const script = 'trap "echo bye; exit 5" TERM; echo on; while :; do sleep 0.05; done';
    await using box = await started(script, { says: 'on' });
    const { name } = box;
    expect(await docker.ok(['stop', name])).toBe(name);
    expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).toBe(
      'exited 5',
    );
    expect(await docker.ok(['logs', name])).toBe('on\nbye');
  });

  test('stop kills after its grace', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    // A first process without a handler ignores SIGTERM.
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
    const result = await docker.run(['stop', '-t', '1', name]);
    expect(result.code).toBe(0);
    expect(result.took).toBeGreaterThan(950);
    expect(await docker.ok(['inspect', '-f', '{{.State.ExitCode}}', name])).toBe('137');
  });

  test('stop waits ten seconds when it is not told, and kill goes through meanwhile', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
    const stopping = docker.run(['stop', name]);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await docker.ok(['inspect', '-f', '{{.State.Running}}', name])).toBe('true');
    await docker.ok(['kill', name]);
    expect((await stopping).code).toBe(0);
    expect((await stopping).took).toBeLessThan(9000);
  });

  test('rm -f goes through in the middle of a stop that waits', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
    const stopping = docker.start(['stop', '-t', '600', name]);
    const ended = new Promise<number>((resolve) =>
      stopping.child.once('close', (code) => resolve(code ?? -1)),
    );
    await until('the stop to be on record', async () => {
      const { text } = await (await engine()).daemon.api.get(
        `/events?since=${Math.floor(Date.now() / 1000) - 60}&until=${Date.now() / 1000}&filters=${encodeURIComponent(
          JSON.stringify({ container: [name], event: ['kill'] }),
        )}`,
      );
      return text !== '';
    });
    expect(await docker.ok(['rm', '-f', name])).toBe(name);
    expect(await ended).toBe(0);
  });

  test('stop sends the stop signal of the container', async () => {
    const { docker } = await engine();
    const script = 'trap "exit 33" USR1; echo on; while :; do sleep 0.05; done';
    await using box = await started(script, { says: 'on', flags: ['--stop-signal', 'SIGUSR1'] });
    const { name } = box;
    await docker.ok(['stop', name]);
    expect(await docker.ok(['inspect', '-f', '{{.State.ExitCode}}', name])).toBe('33');
  });

  test.each(['HUP', 'SIGHUP', '1'])('kill -s %s', async (signal) => {
    const { docker } = await engine();
    const script = 'trap "echo got" HUP; echo on; while :; do sleep 0.05; done';
    await using box = await started(script, { says: 'on' });
    const { name } = box;
    await docker.ok(['kill', '-s', signal, name]);
    await until('the signal', async () => (await docker.run(['logs', name])).stdout === 'on\ngot\n');
  });

  test('kill of a stopped one and of a signal that there is not', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const id = await docker.ok(['run', '-d', '--name', name, busybox, 'true']);
    await docker.ok(['wait', name]);
    const stopped = await docker.run(['kill', name]);
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toMatch(
      new RegExp(`[Cc]annot kill container: ${name}: [Cc]ontainer ${id} is not running`),
    );
    const signal = await docker.run(['kill', '-s', 'SIGNOPE', name]);
    expect(signal.code).toBe(1);
    expect(signal.stderr).toMatch(/[Ii]nvalid signal: SIGNOPE/);
  });
});

describe('docker wait and rm', () => {
  test('wait answers at the end, with the code', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, busybox, 'sh', '-c', 'sleep 0.5; exit 21']);
    expect(await docker.ok(['wait', name])).toBe('21');
    expect(await docker.ok(['wait', name])).toBe('21');
    expect((await docker.run(['wait', 'nobody'])).stderr).toContain('No such container: nobody');
  });

  test('rm refuses a running one, rm -f does not', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const id = await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
    const refused = await docker.run(['rm', name]);
    expect(refused.code).toBe(1);
    // Compat: 20.10 says "You cannot remove a running container ID. Stop the container …", later ones name it.
    expect(refused.stderr).toMatch(
      /cannot remove (a running container|container ".*": container is running)/,
    );
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', id]);
    expect(await docker.ok(['rm', '-f', name])).toBe(name);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    const gone = await docker.run(['inspect', name]);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain(`No such object: ${name}`);
  });

  test('a paused one can be killed, stopped and removed', async () => {
    const { docker, busybox } = await engine();
    const names = ['kill', 'stop', 'rm'].map((verb) => uniqueName(verb));
    const [killed = '', stopped = '', removed = ''] = names;
    await using _boxes = removing(docker, killed, stopped);
    for (const name of names) {
      await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
      await docker.ok(['pause', name]);
    }
    await docker.ok(['kill', killed]);
    await docker.ok(['stop', '-t', '1', stopped]);
    await docker.ok(['rm', '-f', removed]);
    for (const name of [killed, stopped]) {
      expect(await docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).toBe(
        'exited 137',
      );
    }
  });

  test('rm of several goes on after one that is not there', async () => {
    const { docker, busybox } = await engine();
    const [one, two] = [uniqueName(), uniqueName()];
    await docker.ok(['create', '--name', one, busybox]);
    await docker.ok(['create', '--name', two, busybox]);
    const result = await docker.run(['rm', one, 'nobody', two]);
    expect(result.code).toBe(1);
    expect(result.stdout).toBe(`${one}\n${two}\n`);
    expect(result.stderr).toContain('No such container: nobody');
  });

  test('a container is found by name, id and prefix, and an ambiguous prefix says so', async () => {
    const { docker, busybox } = await engine();
    const ids: string[] = [];
    // 17 ids: two of them begin with the same hex digit.
    for (let n = 0; n < 17; n++) ids.push(await docker.ok(['create', busybox]));
    await using _boxes = removing(docker, ...ids);
    const firstDigits = ids.map((id) => id[0]);
    const digit = firstDigits.find((each, index) => firstDigits.indexOf(each) !== index) ?? '';
    const [id = ''] = ids;
    for (const ref of [id, id.slice(0, 12), id.slice(0, 8)]) {
      expect(await docker.ok(['inspect', '-f', '{{.Id}}', ref])).toBe(id);
    }
    const ambiguous = await docker.run(['start', digit]);
    expect(ambiguous.code).toBe(1);
    expect(ambiguous.stderr).toMatch(/multiple IDs found with provided prefix/i);
  });

  test('rm -v removes the volumes without a name of the container', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await docker.ok(['run', '--name', name, '-v', '/data', busybox, 'touch', '/data/x']);
    const source = await docker.ok(['inspect', '-f', '{{(index .Mounts 0).Source}}', name]);
    expect(existsSync(`${source}/x`)).toBe(true);
    await docker.ok(['rm', '-v', name]);
    expect(existsSync(source)).toBe(false);
  });
});
