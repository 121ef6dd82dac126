import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { uniqueName } from '../fixtures/names.ts';

const label = `suite=${uniqueName()}`;
const names = {
  running: uniqueName('ps-run'),
  exited: uniqueName('ps-exit'),
  created: uniqueName('ps-made'),
};
const ids: Record<keyof typeof names, string> = { running: '', exited: '', created: '' };

beforeAll(async () => {
  const { docker, busybox } = await engine();
  ids.exited = await docker.ok([
    'run',
    '-d',
    '--name',
    names.exited,
    '--label',
    label,
    '--label',
    'kind=short',
    busybox,
    'sh',
    '-c',
    'exit 3',
  ]);
  await docker.ok(['wait', names.exited]);
  ids.running = await docker.ok([
    'run',
    '-d',
    '--name',
    names.running,
    '--label',
    label,
    '-p',
    '127.0.0.1::80',
    '-v',
    '/vol',
    busybox,
    'sleep',
    '1000',
  ]);
  ids.created = await docker.ok([
    'create',
    '--name',
    names.created,
    '--label',
    label,
    busybox,
    'echo',
    'never',
  ]);
});
afterAll(async () => {
  const { docker } = await engine();
  await docker.run(['rm', '-f', '-v', ...Object.values(names)]);
});

async function ps(...args: string[]): Promise<string[]> {
  const { docker } = await engine();
  const text = await docker.ok(['ps', '--filter', `label=${label}`, ...args]);
  return text === '' ? [] : text.split('\n');
}

describe('docker ps', () => {
  test('shows running ones, -a all of them, newest first', async () => {
    expect(await ps('--format', '{{.Names}}')).toEqual([names.running]);
    expect(await ps('-a', '--format', '{{.Names}}')).toEqual([names.created, names.running, names.exited]);
  });

  test('-q prints short ids, with --no-trunc whole ones', async () => {
    expect(await ps('-q')).toEqual([ids.running.slice(0, 12)]);
    expect(await ps('-q', '--no-trunc')).toEqual([ids.running]);
  });

  test('-l and -n show the newest of any state', async () => {
    const { docker } = await engine();
    expect(await docker.ok(['ps', '-l', '--format', '{{.Names}}'])).toBe(names.created);
    expect((await docker.ok(['ps', '-n', '2', '--format', '{{.Names}}'])).split('\n')).toEqual([
      names.created,
      names.running,
    ]);
  });

  test('prints its table as Docker does', async () => {
    const { busybox } = await engine();
    const [head = '', row = ''] = await ps();
    expect(head).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
    expect(row).toMatch(
      new RegExp(
        `^${ids.running.slice(0, 12)} +${busybox} +"sleep 1000" +.*ago +Up .* +127\\.0\\.0\\.1:\\d+->80/tcp +${names.running}$`,
      ),
    );
    const all = await ps('-a', '--format', '{{.Names}}|{{.Status}}|{{.Command}}');
    expect(all[0]).toBe(`${names.created}|Created|"echo never"`);
    expect(all[2]).toMatch(new RegExp(`^${names.exited}\\|Exited \\(3\\) .* ago\\|"sh -c 'exit 3'"$`));
  });

  test('-s shows sizes', async () => {
    expect((await ps('-s', '--format', '{{.Size}}'))[0]).toMatch(/^0B \(virtual \d[\d.]*MB\)$/);
  });

  test('prints mounts, networks and labels by format', async () => {
    const [row = ''] = await ps('--no-trunc', '--format', '{{.Networks}}|{{.Mounts}}|{{.Label "suite"}}');
    expect(row).toMatch(/^bridge\|[0-9a-f]{64}\|t-/);
  });

  test.each([
    [['status=exited'], ['exited']],
    [['status=created'], ['created']],
    [['status=running'], ['running']],
    [
      ['status=created', 'status=exited'],
      ['created', 'exited'],
    ],
    [['exited=3'], ['exited']],
    [['exited=0'], []],
    [['label=kind'], ['exited']],
    [['label=kind=short'], ['exited']],
    [['label=kind=long'], []],
    [['network=bridge'], ['created', 'running', 'exited']],
    [['network=nope'], []],
    [['volume=/vol'], ['running']],
    [['publish=80'], []],
    [['expose=80'], ['running']],
    [['is-task=false'], ['created', 'running', 'exited']],
    [['health=none'], ['created', 'running', 'exited']],
  ] as [string[], (keyof typeof names)[]][])('filter %j', async (filters, expected) => {
    const flags = filters.flatMap((filter) => ['--filter', filter]);
    expect(await ps('-a', ...flags, '--format', '{{.Names}}')).toEqual(expected.map((key) => names[key]));
  });

  test('filters name, id, before, since, ancestor', async () => {
    const { busybox } = await engine();
    const filtered = (filter: string) => ps('-a', '--filter', filter, '--format', '{{.Names}}');
    expect(await filtered(`name=${names.exited}`)).toEqual([names.exited]);
    expect(await filtered(`name=^/${names.exited.slice(0, -1)}$`)).toEqual([]);
    expect(await filtered(`name=^/ps-.*`)).toHaveLength(3);
    expect(await filtered(`id=${ids.created.slice(0, 12)}`)).toEqual([names.created]);
    expect(await filtered(`before=${names.running}`)).toEqual([names.exited]);
    expect(await filtered(`since=${names.running}`)).toEqual([names.created]);
    expect(await filtered(`ancestor=${busybox}`)).toHaveLength(3);
    expect(await filtered('ancestor=nothing')).toEqual([]);
  });

  test('a filter that there is not, and a value that is none, are errors', async () => {
    const { docker } = await engine();
    const filter = await docker.run(['ps', '--filter', 'color=blue']);
    expect(filter.code).toBe(1);
    expect(filter.stderr).toMatch(/[Ii]nvalid filter '?color/);
    expect((await docker.run(['ps', '-a', '--filter', 'status=sleepy'])).stderr).toContain('sleepy');
    expect((await docker.run(['ps', '-a', '--filter', 'before=nobody'])).stderr).toMatch(
      /no such container:? nobody/i,
    );
  });
});
