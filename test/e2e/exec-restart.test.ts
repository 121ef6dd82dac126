import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sleep, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

/** Docker forgets its execs with its daemon. */
describe.skipIf(ENGINE === 'docker')('execs over a killed daemon', () => {
  async function box() {
    const { docker, busybox, daemon } = await engine();
    const name = uniqueName();
    await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
    const removal = removing(docker, name);
    return {
      docker,
      daemon,
      name,
      /** Runs a script in the background; gives the exec's id. */
      begin: async (script: string, fields: Record<string, unknown> = {}) => {
        const body = { Cmd: ['sh', '-c', script], ...fields };
        const { Id } = (await daemon.api.post(`/containers/${name}/exec`, body)).json<{ Id: string }>();
        expect((await daemon.api.post(`/exec/${Id}/start`, { Detach: true })).status).toBe(200);
        return Id;
      },
      state: async (id: string) => (await daemon.api.get(`/exec/${id}/json`)).json(),
      [Symbol.asyncDispose]: () => removal[Symbol.asyncDispose](),
    };
  }

  test('run on, are known with their exit codes, and their ends are told once', async () => {
    using _calm = await calm('it kills the daemon itself');
    await using x = await box();
    const long = await x.begin('until test -e /go; do sleep 0.1; done; exit 5');
    const meanwhile = await x.begin('sleep 1; exit 6');
    const terminal = await x.begin('while :; do echo 0123456789012345678901234567890123456789; done', {
      Tty: true,
      AttachStdout: true,
    });
    const client = x.docker.start([
      'exec',
      x.name,
      'sh',
      '-c',
      'echo on; while :; do echo more; sleep 0.01; done',
    ]);
    await until('its output', () => client.output().includes('more'));
    const pid = (await x.state(long))['Pid'];

    await x.daemon.kill();
    await until('its stream to be cut', () => client.child.exitCode !== null);
    await sleep(1500);
    await x.daemon.start();

    expect(await x.state(long)).toMatchObject({ Running: true, ExitCode: null, Pid: pid });
    expect(await x.state(meanwhile)).toMatchObject({ Running: false, ExitCode: 6 });
    expect(await x.state(terminal)).toMatchObject({ Running: true });
    const ids = JSON.parse(await x.docker.ok(['inspect', '-f', '{{json .ExecIDs}}', x.name])) as string[];
    expect(ids).toContain(long);
    expect(ids).toHaveLength(3);
    await x.docker.ok(['exec', x.name, 'touch', '/go']);
    await until('its end', async () => (await x.state(long))['ExitCode'] === 5);
    const past = ['events', '--since', '1m', '--until', '0s', '--filter', `container=${x.name}`];
    const format = ['--filter', 'event=exec_die', '--format', '{{.Actor.Attributes.execID}}'];
    await until('both ends', async () => {
      const told = (await x.docker.ok([...past, ...format])).split('\n');
      return (
        told.filter((id) => id === long).length === 1 && told.filter((id) => id === meanwhile).length === 1
      );
    });
  }, 60_000);

  test('run on under another keeper, which knows how they end', async () => {
    using _calm = await calm('it kills the keeper');
    await using x = await box();
    const id = await x.begin('until test -e /go; do sleep 0.1; done; exit 5');
    process.kill(Number(readFileSync(join(x.daemon.execRoot, 'keeper.lock'), 'utf8')), 'SIGKILL');
    await until(
      'another keeper',
      async () => (await x.docker.run(['exec', x.name, 'touch', '/go'])).code === 0,
    );
    await until('its end', async () => !(await x.state(id))['Running']);
    // 255 on kernels before 6.15, which tell no one but the parent.
    expect([5, 255]).toContain((await x.state(id))['ExitCode'] as number);
  }, 60_000);
});
