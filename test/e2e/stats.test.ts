import { describe, expect, test } from 'bun:test';
import type { ContainerStats } from '../../src/spec/docker/stats.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

const MB = 1 << 20;

/** A running container; removed at the end. */
async function box(flags: string[], ...command: string[]) {
  const { docker, busybox, daemon } = await engine();
  const name = uniqueName();
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, ...command]);
  const removal = removing(docker, name);
  const { api } = daemon;
  return {
    docker,
    daemon,
    api,
    name,
    stats: async (query = 'stream=0', version = '') =>
      (await api.get(`${version}/containers/${name}/stats?${query}`)).json<ContainerStats>(),
    [Symbol.asyncDispose]: () => removal[Symbol.asyncDispose](),
  };
}

const SPIN = ['sh', '-c', 'while :; do :; done'];

describe('GET /containers/{name}/stats', () => {
  test('tells of CPU, memory, processes, interfaces, with the sample before', async () => {
    await using x = await box(['-m', '64m', '--pids-limit', '20'], ...SPIN);
    const sample = await x.stats();
    expect(Object.keys(sample)).toEqual(
      expect.arrayContaining(['read', 'preread', 'pids_stats', 'blkio_stats', 'num_procs', 'storage_stats']),
    );
    const { cpu_stats: cpu, precpu_stats: before, memory_stats: memory } = sample;
    expect(Number(cpu.cpu_usage.total_usage)).toBeGreaterThan(Number(before.cpu_usage.total_usage));
    const passed = Number(cpu.system_cpu_usage) - Number(before.system_cpu_usage);
    expect(passed).toBeGreaterThan(0);
    expect(cpu.online_cpus).toBeGreaterThan(0);
    expect(Date.parse(sample.read)).toBeGreaterThan(Date.parse(sample.preread));
    expect(memory.limit).toBe(64 * MB);
    expect(Number(memory.usage)).toBeWithin(1, 64 * MB);
    expect(sample.pids_stats).toEqual({ current: 1, limit: 20 });
    expect(sample.networks?.['eth0']?.rx_bytes).toBeNumber();
    expect(Object.keys(sample.networks ?? {})).toEqual(['eth0']);
    expect(sample.name).toBe(`/${x.name}`);
    if ((sample.cpu_stats.cpu_usage.percpu_usage ?? []).length > 0) {
      expect(memory.max_usage).toBeNumber();
      expect(memory.stats?.['total_inactive_file']).toBeNumber();
    }
  });

  test('counts what is sent and what is written', async () => {
    await using x = await box(['-v', '/v'], 'sleep', '1000');
    await x.docker.ok(['exec', x.name, 'dd', 'if=/dev/zero', 'of=/v/x', 'bs=1M', 'count=5', 'conv=fsync']);
    await x.docker.run(['exec', x.name, 'ping', '-c', '2', '-s', '1000', '-i', '0.1', x.daemon.gateway]);
    const { blkio_stats: blkio, networks } = await x.stats('stream=0&one-shot=1');
    expect(Number(networks?.['eth0']?.tx_bytes)).toBeGreaterThan(2000);
    const written = (blkio.io_service_bytes_recursive ?? []).filter(({ op }) => /^write$/i.test(op));
    expect(written.reduce((sum, { value }) => sum + Number(value), 0)).toBeGreaterThanOrEqual(5 * MB);
  });

  test('once is at once with one-shot, which no API before 1.41 knows and no stream goes with', async () => {
    await using x = await box([], 'sleep', '1000');
    const one = await x.stats('stream=0&one-shot=1', '/v1.41');
    expect([one.preread, one.precpu_stats.system_cpu_usage]).toEqual(['0001-01-01T00:00:00Z', undefined]);
    const old = await x.stats('stream=0&one-shot=1', '/v1.40');
    expect(old.precpu_stats.system_cpu_usage).toBeNumber();
    const both = await x.api.get(`/containers/${x.name}/stats?one-shot=1`);
    expect([both.status, both.json()]).toEqual([
      400,
      { message: 'cannot have stream=true and one-shot=true' },
    ]);
    const missing = await x.api.get('/containers/nope/stats?stream=0');
    expect([missing.status, missing.json()]).toEqual([404, { message: 'No such container: nope' }]);
    if (ENGINE === 'docker') return;
    expect(one).not.toHaveProperty('os_type');
    expect((await x.stats('stream=0&one-shot=1', '/v1.52')).os_type).toBe('linux');
  });

  test('of one without a network of its own, and of one that does not run', async () => {
    await using x = await box(['--network', 'none'], 'sleep', '1000');
    const { networks, memory_stats: memory, pids_stats: pids } = await x.stats('stream=0&one-shot=1');
    expect([networks, pids]).toEqual([undefined, { current: 1 }]);
    expect(Number(memory.limit)).toBeGreaterThan(100 * MB);
    expect(Number(memory.limit)).toBeLessThan(2 ** 50);
    await using y = await box(['--network', `container:${x.name}`], 'true');
    await y.docker.ok(['wait', y.name]);
    const text = (await y.api.get(`/v1.41/containers/${y.name}/stats?stream=0`)).json();
    expect(text).toEqual({
      ...{ read: '0001-01-01T00:00:00Z', preread: '0001-01-01T00:00:00Z', pids_stats: {} },
      blkio_stats: {
        ...{ io_service_bytes_recursive: null, io_serviced_recursive: null, io_queue_recursive: null },
        ...{ io_service_time_recursive: null, io_wait_time_recursive: null, io_merged_recursive: null },
        ...{ io_time_recursive: null, sectors_recursive: null },
      },
      ...{ num_procs: 0, storage_stats: {}, memory_stats: {} },
      cpu_stats: {
        cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
        throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
      },
      precpu_stats: {
        cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
        throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
      },
      name: `/${y.name}`,
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });
});

const CLIS = [...dockerClis().slice(0, 1), MINKE_CLI];

describe.each(CLIS.map((cli) => [cli.name, cli] as const))('%s stats', (_name, cli) => {
  test('--no-stream shows a row each, -a those that do not run, --format what is asked for', async () => {
    await using x = await box(['-m', '64m'], ...SPIN);
    const stopped = uniqueName();
    await using _stopped = removing(x.docker, stopped);
    await x.docker.ok(['create', '--name', stopped, (await engine()).busybox, 'true']);
    const client = new Client(cli, x.daemon.host);
    const figures = '{{.Name}}|{{.CPUPerc}}|{{.MemUsage}}|{{.PIDs}}';
    const all = (await client.ok(['stats', '-a', '--no-stream', '--format', figures])).split('\n');
    const row = all.find((line) => line.startsWith(x.name)) ?? '';
    expect(row).toMatch(/^[^|]+\|\d+\.\d\d%\|[\d.]+[KM]iB \/ 64MiB\|1$/);
    expect(Number.parseFloat(row.split('|')[1] ?? '')).toBeGreaterThan(1);
    expect(all).toContain(`${stopped}|0.00%|0B / 0B|0`);
    const table = await client.ok(['stats', '--no-stream', x.name]);
    expect(table).toMatch(
      /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS *\n[0-9a-f]{12} +\S+ +[\d.]+% /,
    );
    const missing = await client.run(['stats', '--no-stream', 'nope']);
    expect([missing.code, missing.stderr]).toEqual([
      1,
      'Error response from daemon: No such container: nope\n',
    ]);
  });

  test('is shown again and again, and follows what comes and goes', async () => {
    await using x = await box([], 'sleep', '1000');
    const client = new Client(cli, x.daemon.host);
    const terminal = await client.terminal(['stats', '--format', '<{{.Name}} {{.PIDs}}>']);
    await terminal.see(new RegExp(`<${x.name} 1>`));
    await using y = await box([], 'sleep', '1000');
    await terminal.see(new RegExp(`<${y.name} 1>`));
    terminal.close();
  });
});

test('a stream of stats ends when its container is removed', async () => {
  using _calm = await calm('asked again, it would be of a container that is gone');
  await using x = await box([], 'sleep', '1000');
  const stream = x.api.get(`/containers/${x.name}/stats`);
  const { id } = await x.stats();
  await x.docker.ok(['rm', '-f', x.name]);
  const { status, text } = await stream;
  const [first = ''] = text.split('\n');
  expect([status, (JSON.parse(first) as ContainerStats).id]).toEqual([200, id]);
});
