import { describe, expect, test } from 'bun:test';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

/** Status, exit code, restarts. */
async function state(name: string): Promise<string> {
  const { daemon } = await engine();
  const answer = await daemon.api.get(`/containers/${name}/json`);
  const { State, RestartCount } = answer.json<{
    State: { Status: string; ExitCode: number };
    RestartCount: number;
  }>();
  return `${State.Status} ${State.ExitCode} ${RestartCount}`;
}

const becomes = (name: string, wanted: string | RegExp) =>
  until(`${name} to be ${wanted}`, async () => {
    const now = await state(name);
    return typeof wanted === 'string' ? now === wanted : wanted.test(now);
  });

async function run(flags: string[], script: string): Promise<AsyncDisposable & { name: string }> {
  const { docker, busybox } = await engine();
  const name = uniqueName('policy');
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sh', '-c', script]);
  return Object.assign(removing(docker, name), { name });
}

describe('a restart policy', () => {
  test('on-failure:N restarts N times after an exit code, waiting twice as long each time', async () => {
    using _calm = await calm('a killed daemon forgets how long it waited');
    const { docker, daemon } = await engine();
    const since = (Date.now() / 1000 - 1).toFixed(3);
    await using box = await run(['--restart', 'on-failure:3'], 'echo life; exit 7');
    await becomes(box.name, 'exited 7 3');
    expect(await docker.ok(['logs', box.name])).toBe('life\nlife\nlife\nlife');
    const filters = encodeURIComponent(JSON.stringify({ container: [box.name], event: ['start', 'die'] }));
    const { text } = await daemon.api.get(
      `/events?since=${since}&until=${Date.now() / 1000}&filters=${filters}`,
    );
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string; timeNano: number });
    expect(events.map(({ Action }) => Action).join(' ')).toBe('start die start die start die start die');
    const waits = [2, 4, 6].map(
      (at) => ((events[at]?.timeNano ?? 0) - (events[at - 1]?.timeNano ?? 0)) / 1e6,
    );
    // At least: an engine under load takes longer.
    for (const [n, least] of [100, 200, 400].entries()) expect(waits[n]).toBeGreaterThan(least - 20);
    // By hand they are counted anew.
    await docker.run(['start', box.name]);
    await becomes(box.name, 'exited 7 3');
  });

  test('on-failure leaves what ended well, or was stopped', async () => {
    const { docker } = await engine();
    await using well = await run(['--restart', 'on-failure'], 'exit 0');
    await using stopped = await run(['--restart', 'on-failure'], 'sleep 1000');
    await docker.ok(['stop', '-t', '0', stopped.name]);
    expect(await docker.ok(['wait', well.name])).toBe('0');
    expect([await state(well.name), await state(stopped.name)]).toEqual(['exited 0 0', 'exited 137 0']);
  });

  test('who waits, or is attached, is told of each end', async () => {
    using _calm = await calm('it is about one end of many');
    const { docker, busybox } = await engine();
    const name = uniqueName('policy');
    await using _box = removing(docker, name);
    const script = 'echo life; exit 4';
    const attached = await docker.run([
      'run',
      '--name',
      name,
      '--restart',
      'on-failure:40',
      busybox,
      'sh',
      '-c',
      script,
    ]);
    expect(attached).toMatchObject({ code: 4, stdout: 'life\n' });
    await becomes(name, /^(restarting|running) \d [1-9]/);
    const waited = docker.run(['wait', name]);
    expect((await waited).code).toBe(0);
  });

  test('a container that waits for its restart is told from one that runs; stop, kill and any signal end it', async () => {
    using _calm = await calm('a new daemon starts it at once');
    const { daemon } = await engine();
    await using box = await run(['--restart', 'always'], 'exit 1');
    const at = `/containers/${box.name}`;
    /** What is answered while it waits: asked again where a start came in between. */
    const whileWaiting = <T>(ask: () => Promise<T>) =>
      until(
        'an answer while it waits',
        async () => {
          const before = await state(box.name);
          // Race: a pause that came with the start, before the program ended.
          if (before.startsWith('paused ')) await daemon.api.post(`${at}/unpause`);
          if (!before.startsWith('restarting 1 ')) return undefined;
          const answer = await ask();
          return (await state(box.name)) === before ? { answer } : undefined;
        },
        30_000,
      );
    const refused = (method: string, path: string, body?: object) =>
      whileWaiting(async () => {
        const { status, text } = await daemon.api.send(method, path, body ? { body } : {});
        return `${status} ${text}`;
      });
    const restarting = /^409 .*Container \w{64} is restarting, wait until the container is running/;
    expect((await refused('POST', `${at}/start`)).answer).toBe('304 ');
    expect((await refused('POST', `${at}/pause`)).answer).toMatch(restarting);
    expect((await refused('POST', `${at}/exec`, { Cmd: ['true'] })).answer).toMatch(restarting);
    expect((await refused('DELETE', at)).answer).toMatch(/^409 .*cannot remove/);
    const row = await whileWaiting(async () => (await daemon.api.get('/containers/json')).text);
    expect(row.answer).toContain('"State":"restarting","Status":"Restarting (1) ');
    for (const end of ['stop', 'kill', 'kill?signal=HUP']) {
      await becomes(box.name, /^restarting/);
      expect((await daemon.api.post(`${at}/${end}`)).status).toBe(204);
      // Not at once where a start came in between, for what is not SIGKILL.
      await becomes(box.name, /^exited /);
      await daemon.api.post(`${at}/start`);
    }
  });

  test('holds over a restart of the daemon', async () => {
    using _calm = await calm('its subject is one kill');
    const { docker, daemon } = await engine();
    await using always = await run(['--restart', 'always'], 'sleep 1000');
    await using unless = await run(['--restart', 'unless-stopped'], 'sleep 1000');
    await using ended = await run(['--restart', 'on-failure:1'], 'exit 5');
    await using failing = await run(['--restart', 'on-failure'], 'sleep 1000');
    await using plain = await run([], 'sleep 1000');
    await becomes(ended.name, 'exited 5 1');
    await docker.ok(['stop', '-t', '0', always.name, unless.name, failing.name]);
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', plain.name]);
    await daemon.kill();
    await daemon.start();
    await becomes(always.name, 'running 0 0');
    expect(await state(unless.name)).toBe('exited 137 0');
    expect(await state(ended.name)).toBe('exited 5 1');
    // Compat: Docker starts it, against its documentation.
    if (ENGINE === 'minke') expect(await state(failing.name)).toBe('exited 137 0');
    expect(await docker.ok(['inspect', '-f', '{{.State.Pid}}', plain.name])).toBe(pid);
  });
});
