import { describe, expect, test } from 'bun:test';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

interface Health {
  Status: string;
  FailingStreak: number;
  Log: { Start: string; End: string; ExitCode: number; Output: string }[];
}

async function healthOf(name: string): Promise<Health | undefined> {
  const { daemon } = await engine();
  const answer = await daemon.api.get(`/v1.41/containers/${name}/json`);
  return answer.json<{ State: { Health?: Health } }>().State.Health;
}

const turns = (name: string, status: string) =>
  until(`${name} to be ${status}`, async () =>
    (await healthOf(name))?.Status === status ? healthOf(name) : undefined,
  );

/** A container that sleeps, with these flags. */
async function sleeper(...flags: string[]): Promise<AsyncDisposable & { name: string }> {
  const { docker, busybox } = await engine();
  const name = uniqueName('health');
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
  return Object.assign(removing(docker, name), { name });
}

const QUICK = ['--health-interval', '150ms', '--health-retries', '2'];

describe('a health check', () => {
  test('starts, turns healthy, unhealthy and healthy again, as ps, inspect, filters and events show', async () => {
    const { docker, daemon } = await engine();
    const since = (Date.now() / 1000).toFixed(3);
    await using box = await sleeper(
      '--health-cmd',
      'echo checked; test -e /healthy',
      ...QUICK,
      '--health-retries',
      '4',
    );
    const { name } = box;
    const status = () => docker.ok(['ps', '--filter', `name=${name}`, '--format', '{{.Status}}']);
    const listed = (health: string) =>
      docker.ok(['ps', '--filter', `name=${name}`, '--filter', `health=${health}`, '--format', '{{.Names}}']);
    expect(await status()).toMatch(/^Up .* \((health: starting|unhealthy)\)$/);
    const failed = await turns(name, 'unhealthy');
    expect(failed.FailingStreak).toBeGreaterThanOrEqual(4);
    expect(failed.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: 'checked\n' });
    expect(await status()).toEndWith(' (unhealthy)');
    expect([await listed('unhealthy'), await listed('healthy'), await listed('none')]).toEqual([
      name,
      '',
      '',
    ]);
    await docker.ok(['exec', name, 'touch', '/healthy']);
    const healthy = await turns(name, 'healthy');
    expect(healthy.FailingStreak).toBe(0);
    const last = healthy.Log.at(-1);
    expect(last).toMatchObject({ ExitCode: 0, Output: 'checked\n' });
    for (const time of [last?.Start, last?.End])
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
    expect(await status()).toEndWith(' (healthy)');
    expect([await listed('unhealthy'), await listed('healthy')]).toEqual(['', name]);
    await until('five entries', async () => (await healthOf(name))?.Log.length === 5);

    const filters = encodeURIComponent(JSON.stringify({ container: [name] }));
    const range = `since=${since}&until=${(Date.now() / 1000).toFixed(3)}`;
    const { text } = await daemon.api.get(`/v1.41/events?${range}&filters=${filters}`);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } });
    const actions = events.map(({ Action }) => Action);
    expect(actions.filter((action) => action.startsWith('health_status'))).toEqual([
      ...['health_status: unhealthy', 'health_status: healthy'],
    ]);
    const first = actions.findIndex((action) => action.startsWith('exec_create'));
    expect(actions.slice(first, first + 3)).toEqual([
      ...[
        'exec_create: /bin/sh -c echo checked; test -e /healthy',
        'exec_start: /bin/sh -c echo checked; test -e /healthy',
      ],
      'exec_die',
    ]);
    expect(events[first + 2]?.Actor.Attributes).toMatchObject({ exitCode: '1' });
    const named = encodeURIComponent(JSON.stringify({ container: [name], event: ['health_status'] }));
    const only = (await daemon.api.get(`/v1.41/events?${range}&filters=${named}`)).text;
    expect(only.trim().split('\n')).toHaveLength(2);
  });

  test('of the image runs as it is written there, unless the container has its own or none', async () => {
    const { docker } = await engine();
    const image = `${uniqueName('checked')}:latest`;
    const change = 'HEALTHCHECK --interval=150ms --retries=1 CMD ["cat", "/etc/second-layer"]';
    await docker.ok(['import', '-c', change, '-c', 'ENV PATH=/bin', '-', image], { input: busyboxRootfs() });
    const run = async (...flags: string[]) => {
      const name = uniqueName('health');
      await docker.ok(['run', '-d', '--name', name, ...flags, image, 'sleep', '1000']);
      return Object.assign(removing(docker, name), { name });
    };
    {
      await using plain = await run();
      await using none = await run('--no-healthcheck');
      await using own = await run('--health-cmd', 'true');
      await using slow = await run('--health-interval', '1h');
      const failed = await turns(plain.name, 'unhealthy');
      expect(failed.Log[0]?.Output).toContain("can't open '/etc/second-layer'");
      await turns(own.name, 'healthy');
      expect(await healthOf(none.name)).toBeUndefined();
      expect(
        await docker.ok([
          'ps',
          '-q',
          '--no-trunc',
          '--filter',
          'health=none',
          '--filter',
          `name=${none.name}`,
        ]),
      ).not.toBe('');
      expect(
        await docker.ok(['ps', '--filter', `name=${none.name}`, '--format', '{{.Status}}']),
      ).not.toContain('(');
      expect(await healthOf(slow.name)).toMatchObject({ Status: 'starting', FailingStreak: 0 });
      const test = await docker.ok(['inspect', '-f', '{{json .Config.Healthcheck}}', slow.name]);
      expect(JSON.parse(test)).toEqual({
        Test: ['CMD', 'cat', '/etc/second-layer'],
        Interval: 3_600_000_000_000,
        Retries: 1,
      });
    }
    await docker.ok(['rmi', '-f', image]);
  });

  test('that takes too long is ended, one that cannot be run says why, and a long output is cut', async () => {
    const { docker } = await engine();
    await using hangs = await sleeper(
      '--health-cmd',
      'echo on; sleep 678; true',
      '--health-timeout',
      '300ms',
      ...QUICK,
    );
    await using missing = await sleeper(...QUICK, '--health-cmd', 'exec /no/such/program');
    await using loud = await sleeper(...QUICK, '--health-cmd', 'head -c 6000 /dev/zero | tr "\\0" x');
    expect((await turns(hangs.name, 'unhealthy')).Log[0]).toMatchObject({
      ExitCode: -1,
      Output: expect.stringMatching(/^Health check exceeded timeout \(300ms\)/) as string,
    });
    expect((await turns(missing.name, 'unhealthy')).Log[0]?.Output).toContain('not found');
    expect((await turns(loud.name, 'healthy')).Log[0]?.Output).toBe(`${'x'.repeat(4096)}...`);
    // What a check has begun goes with it: Docker leaves it. One may be running just now.
    if (ENGINE === 'docker') return;
    await until('checks not to pile up', async () => {
      const { stdout } = await docker.run(['exec', hangs.name, 'ps', '-o', 'args']);
      return stdout.split('\n').filter((line) => line === 'sleep 678').length <= 1;
    });
  });

  test('is not made while the container is paused or has ended, and begins anew with it', async () => {
    const { docker } = await engine();
    await using box = await sleeper('--health-cmd', 'echo x >> /checks', ...QUICK);
    const { name } = box;
    await turns(name, 'healthy');
    await docker.ok(['pause', name]);
    // Compat: nobody knows how it is. Where a check is under way, 20.10 answers when the container goes on.
    if (ENGINE !== 'docker') expect((await healthOf(name))?.Status).toBe('unhealthy');
    expect(await docker.ok(['ps', '--filter', `name=${name}`, '--format', '{{.Status}}'])).toEndWith(
      '(Paused)',
    );
    await docker.ok(['unpause', name]);
    await turns(name, 'healthy');
    await docker.ok(['kill', name]);
    const ended = await healthOf(name);
    expect(ended?.Status).toBe('unhealthy');
    await docker.ok(['start', name]);
    const again = await healthOf(name);
    expect(again?.FailingStreak).toBe(0);
    await turns(name, 'healthy');
  });

  test('may fail during its start period, in which it may come more often', async () => {
    await using box = await sleeper(
      '--health-cmd',
      'test -e /healthy',
      ...QUICK,
      '--health-start-period',
      '1h',
    );
    await until(
      'checks',
      async () => ((await healthOf(box.name))?.Log.length ?? 0) >= (ENGINE === 'docker' ? 3 : 0),
    );
    expect(await healthOf(box.name)).toMatchObject({ Status: 'starting', FailingStreak: 0 });
    // Docker 20.10 does not know it.
    if (ENGINE === 'docker') return;
    const more = [
      '--health-interval',
      '1h',
      '--health-start-interval',
      '100ms',
      '--health-start-period',
      '1h',
    ];
    await using often = await sleeper('--health-cmd', 'test -e /healthy', ...more);
    await until('checks', async () => ((await healthOf(often.name))?.Log.length ?? 0) >= 3);
    expect(await healthOf(often.name)).toMatchObject({ Status: 'starting', FailingStreak: 0 });
  });

  test('that makes no sense is refused', async () => {
    const { daemon, busybox } = await engine();
    const create = async (Healthcheck: object) => {
      const answer = await daemon.api.post('/v1.41/containers/create', { Image: busybox, Healthcheck });
      return [answer.status, answer.json<{ message: string }>().message];
    };
    const Test = ['CMD', 'true'];
    const least = (what: string) => [400, `${what} in Healthcheck cannot be less than 1ms`];
    expect(await create({ Test, Interval: 5 })).toEqual(least('Interval'));
    expect(await create({ Test, Timeout: -1 })).toEqual(least('Timeout'));
    expect(await create({ Test, StartPeriod: 999_999 })).toEqual(least('StartPeriod'));
    expect(await create({ Test, Retries: -1 })).toEqual([400, 'Retries in Healthcheck cannot be negative']);
  });
});

describe.if(ENGINE === 'minke')('health on Minke', () => {
  test('goes on over a killed daemon, and a check that ran on is ended', async () => {
    using _calm = await calm('its subject is one kill');
    const { daemon, docker } = await engine();
    await using box = await sleeper(
      '--health-cmd',
      'rm /hang 2>/dev/null && exec sleep 765; echo said',
      ...QUICK,
    );
    await turns(box.name, 'healthy');
    await docker.ok(['exec', box.name, 'touch', '/hang']);
    const runs = async () =>
      (await docker.run(['exec', box.name, 'ps', '-o', 'args'])).stdout.includes('\nsleep 765');
    await until('a check that hangs', runs);
    const before = await healthOf(box.name);
    await daemon.kill();
    await daemon.start();
    const after = await healthOf(box.name);
    expect(after?.Status).toBe('healthy');
    expect(after?.Log.slice(0, before?.Log.length)).toEqual(before?.Log ?? []);
    await until(
      'more checks',
      async () => (await healthOf(box.name))?.Log.at(-1)?.Start !== before?.Log.at(-1)?.Start,
    );
    await until('the old one to be ended', async () => !(await runs()));
    expect((await healthOf(box.name))?.Log.at(-1)).toMatchObject({ ExitCode: 0 });
  });

  const FAILS = ['--health-cmd', 'false', ...QUICK];
  const shown = async (name: string) => {
    const { docker } = await engine();
    const format = '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}';
    return (await docker.run(['inspect', '-f', format, name])).stdout.trim();
  };

  test('--health-on-failure of minke stops, kills or restarts what turns unhealthy', async () => {
    const { busybox, daemon } = await engine();
    const minke = new Client(MINKE_CLI, daemon.host);
    const run = async (action: string, ...flags: string[]) => {
      const name = uniqueName(action);
      await minke.ok([
        'run',
        '-d',
        '--name',
        name,
        ...FAILS,
        '--health-on-failure',
        action,
        ...flags,
        busybox,
        'sleep',
        '1000',
      ]);
      return Object.assign(removing(minke, name), { name });
    };
    await using stopped = await run('stop', '--stop-timeout', '0', '--restart', 'always');
    await using killed = await run('kill');
    await using again = await run('kill', '--restart', 'on-failure');
    await using restarted = await run('restart', '--stop-timeout', '0');
    await using left = await run('none');
    await until('the stop', async () => (await shown(stopped.name)) === 'exited 137 0');
    await until('the kill', async () => (await shown(killed.name)) === 'exited 137 0');
    await until('the policy', async () => /^running 0 [1-9]/.test(await shown(again.name)));
    await until('the restart', async () => /^running 0 [1-9]/.test(await shown(restarted.name)));
    await turns(left.name, 'unhealthy');
    expect(await shown(left.name)).toBe('running 0 0');
    const wrong = await minke.run(['run', '--health-on-failure', 'explode', busybox, 'true']);
    expect(wrong.code).toBe(125);
    expect(wrong.stderr).toContain('use one of none, restart, stop, kill');
  });

  test('the label is for API clients, and none of the image’s', async () => {
    const { busybox, daemon, docker } = await engine();
    const label = { 'minke.health.on-failure': 'odd' };
    const odd = await daemon.api.post('/containers/create', { Image: busybox, Labels: label });
    expect(odd.status).toBe(400);
    expect(odd.json<{ message: string }>().message).toContain("'restart', 'stop', 'kill'");
    const image = `${uniqueName('labelled')}:latest`;
    await docker.ok(['import', '-c', 'LABEL minke.health.on-failure=kill', '-', image], {
      input: busyboxRootfs(),
    });
    const name = uniqueName('labelled');
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, ...FAILS, image, '/bin/sleep', '1000']);
    await turns(name, 'unhealthy');
    await until('another check', async () => ((await healthOf(name))?.FailingStreak ?? 0) > 3);
    expect(await shown(name)).toBe('running 0 0');
    await docker.ok(['rm', '-f', name]);
    await docker.ok(['rmi', image]);
  });
});
