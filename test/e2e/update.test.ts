import { describe, expect, test } from 'bun:test';
import { Client, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

const MEGA = 1024 * 1024;

/** What the container's own cgroup says, read from inside; version 1 of this machine. */
async function limits(name: string): Promise<Record<string, string>> {
  const { docker } = await engine();
  const files = [
    'memory/memory.limit_in_bytes',
    'memory/memory.memsw.limit_in_bytes',
    'memory/memory.soft_limit_in_bytes',
  ];
  files.push(
    'cpu/cpu.shares',
    'cpu/cpu.cfs_quota_us',
    'cpu/cpu.cfs_period_us',
    'cpuset/cpuset.cpus',
    'pids/pids.max',
  );
  const script = `cd /sys/fs/cgroup; for f in ${files.join(' ')}; do echo $(basename $f) $(cat $f); done`;
  const text = await docker.ok(['exec', name, 'sh', '-c', script]);
  return Object.fromEntries(text.split('\n').map((line) => line.split(' ') as [string, string]));
}

/** A container that sleeps, with these flags. */
async function sleeper(...flags: string[]): Promise<AsyncDisposable & { name: string }> {
  const { docker, busybox } = await engine();
  const name = uniqueName('update');
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
  return Object.assign(removing(docker, name), { name });
}

describe('docker update', () => {
  test('of one that runs changes its cgroup at once, and what inspect shows; and of one that is stopped, from its start on', async () => {
    const { docker } = await engine();
    await using box = await sleeper('-m', '64m', '--memory-swap', '96m');
    const { name } = box;
    expect(
      await docker.ok([
        ...[
          'update',
          '-m',
          '128m',
          '--memory-swap',
          '256m',
          '--memory-reservation',
          '32m',
          '--cpu-shares',
          '300',
        ],
        ...[
          '--cpu-period',
          '50000',
          '--cpu-quota',
          '25000',
          '--cpuset-cpus',
          '0',
          '--pids-limit',
          '33',
          name,
        ],
      ]),
    ).toBe(name);
    const changed = {
      'memory.limit_in_bytes': String(128 * MEGA),
      'memory.memsw.limit_in_bytes': String(256 * MEGA),
      'memory.soft_limit_in_bytes': String(32 * MEGA),
      'cpu.shares': '300',
      'cpu.cfs_quota_us': '25000',
      'cpu.cfs_period_us': '50000',
      'cpuset.cpus': '0',
      'pids.max': '33',
    };
    expect(await limits(name)).toEqual(changed);
    const format =
      '{{.Memory}} {{.MemorySwap}} {{.MemoryReservation}} {{.CpuShares}} {{.CpuPeriod}} {{.CpuQuota}} {{.CpusetCpus}} {{.PidsLimit}}';
    const shown = () => docker.ok(['inspect', '-f', `{{with .HostConfig}}${format}{{end}}`, name]);
    expect(await shown()).toBe(`${128 * MEGA} ${256 * MEGA} ${32 * MEGA} 300 50000 25000 0 33`);

    await docker.ok(['kill', name]);
    await docker.ok([
      'update',
      '-m',
      '64m',
      '--memory-swap',
      '64m',
      '--memory-reservation',
      '16m',
      '--pids-limit',
      '-1',
      name,
    ]);
    expect(await shown()).toBe(`${64 * MEGA} ${64 * MEGA} ${16 * MEGA} 300 50000 25000 0 0`);
    await docker.ok(['start', name]);
    expect(await limits(name)).toEqual({
      ...changed,
      'memory.limit_in_bytes': String(64 * MEGA),
      'memory.memsw.limit_in_bytes': String(64 * MEGA),
      'memory.soft_limit_in_bytes': String(16 * MEGA),
      'pids.max': 'max',
    });
  });

  test('--cpus is a quota, and goes together with no period or quota of its own', async () => {
    const { docker } = await engine();
    await using box = await sleeper();
    await docker.ok(['update', '--cpus', '1.5', box.name]);
    expect(await limits(box.name)).toMatchObject({
      'cpu.cfs_quota_us': '150000',
      'cpu.cfs_period_us': '100000',
    });
    const refused = await docker.run(['update', '--cpu-quota', '20000', box.name]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set',
    );
  });

  test('changes all it was asked for, or nothing', async () => {
    const { docker, daemon } = await engine();
    await using box = await sleeper('-m', '64m', '--memory-swap', '96m');
    const { name } = box;
    const id = await docker.ok(['inspect', '-f', '{{.Id}}', name]);
    const REFUSED: [string[], string][] = [
      [
        ['-m', '128m'],
        `Cannot update container ${id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
      ],
      [['-m', '4m'], 'Minimum memory limit allowed is 6MB'],
      [
        ['-m', '64m', '--memory-swap', '32m'],
        'Minimum memoryswap limit should be larger than memory limit, see usage',
      ],
      [
        ['--cpus', '1', '--cpu-period', '1000'],
        'Conflicting options: Nano CPUs and CPU Period cannot both be set',
      ],
      [['--cpuset-cpus', '999'], 'Requested CPUs are not available - requested 999'],
      [['--cpu-period', '1'], 'CPU cfs period can not be less than 1ms'],
    ];
    const before = await limits(name);
    for (const [flags, sentence] of REFUSED) {
      const refused = await docker.run(['update', '--cpu-shares', '77', ...flags, name]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(sentence);
    }
    expect(await limits(name)).toEqual(before);
    // Less than what is in use: the kernel refuses, after the shares were written.
    await docker.ok(['exec', name, 'sh', '-c', 'dd if=/dev/zero of=/dev/shm/x bs=1M count=30 2>/dev/null']);
    const low = await docker.run(['update', '--cpu-shares', '78', '-m', '8m', '--memory-swap', '8m', name]);
    expect(low.code).toBe(1);
    expect(low.stderr).toContain(`Cannot update container ${id}: `);
    expect(low.stderr).toContain('memory');
    if (ENGINE === 'minke') expect(await limits(name)).toEqual(before);
    expect(await docker.ok(['inspect', '-f', '{{.HostConfig.CpuShares}} {{.HostConfig.Memory}}', name])).toBe(
      `0 ${64 * MEGA}`,
    );
    const unknown = await daemon.api.post('/containers/nobody/update', { Memory: 64 * MEGA });
    expect([unknown.status, unknown.json()]).toEqual([404, { message: 'No such container: nobody' }]);
    expect((await daemon.api.post(`/v1.41/containers/${name}/update`, {})).json()).toEqual({
      Warnings: null,
    });
  });

  test('--restart changes the policy of one that runs', async () => {
    const { docker } = await engine();
    await using box = await sleeper();
    const { name } = box;
    await docker.ok(['update', '--restart', 'on-failure:3', name]);
    const shown = () => docker.ok(['inspect', '-f', '{{.HostConfig.RestartPolicy}} {{.RestartCount}}', name]);
    expect(await shown()).toBe('{on-failure 3} 0');
    // An end that nobody asked for.
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]);
    process.kill(Number(pid), 'SIGKILL');
    await until('the restart', async () => (await shown()) === '{on-failure 3} 1');
    const refused = await docker.run(['update', '--restart', 'sometimes', name]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/invalid restart policy/);
  });

  test('--restart of a container that goes by itself is refused', async () => {
    const { docker } = await engine();
    await using box = await sleeper('--rm');
    const refused = await docker.run(['update', '--restart', 'always', box.name]);
    expect(refused.stderr).toContain(
      'Restart policy cannot be updated because AutoRemove is enabled for the container',
    );
    await docker.ok(['update', '--restart', 'no', box.name]);
  });

  test('goes on after one that is not there, and is an event', async () => {
    const { docker, daemon } = await engine();
    await using box = await sleeper();
    const since = (Date.now() / 1000).toFixed(3);
    const result = await docker.run(['update', '--cpu-shares', '99', 'nobody', box.name]);
    expect(result).toMatchObject({ code: 1, stdout: `${box.name}\n` });
    expect(result.stderr).toContain('No such container: nobody');
    const filters = encodeURIComponent(JSON.stringify({ container: [box.name], event: ['update'] }));
    const until = (Date.now() / 1000 + 0.1).toFixed(3);
    const { text } = await daemon.api.get(`/events?since=${since}&until=${until}&filters=${filters}`);
    expect(text.trim().split('\n')).toHaveLength(1);
  });
});

test.if(ENGINE === 'minke')('minke update', async () => {
  const { docker, daemon } = await engine();
  const minke = new Client(MINKE_CLI, daemon.host);
  await using box = await sleeper();
  const { name } = box;
  expect(await minke.ok(['update', '-m', '64m', '--memory-swap', '-1', '--restart', 'always', name])).toBe(
    name,
  );
  expect(await limits(name)).toMatchObject({ 'memory.limit_in_bytes': String(64 * MEGA) });
  const format = '{{.HostConfig.MemorySwap}} {{.HostConfig.RestartPolicy.Name}}';
  expect(await docker.ok(['inspect', '-f', format, name])).toBe('-1 always');
});
