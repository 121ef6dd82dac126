import { describe, expect, test } from 'bun:test';
import { Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

async function box(...command: string[]) {
  const { docker, busybox, daemon } = await engine();
  const name = uniqueName();
  await docker.ok(['run', '-d', '--name', name, busybox, ...command]);
  const removal = removing(docker, name);
  const { api } = daemon;
  return {
    docker,
    daemon,
    name,
    top: async (psArgs: string, of = name) => {
      const answer = await api.get(`/containers/${of}/top?ps_args=${encodeURIComponent(psArgs)}`);
      return { status: answer.status, ...answer.json<Partial<Top>>() };
    },
    [Symbol.asyncDispose]: () => removal[Symbol.asyncDispose](),
  };
}

interface Top {
  Titles: string[];
  Processes: string[][] | null;
  message: string;
}

describe('GET /containers/{name}/top', () => {
  test('shows the processes of the container alone, execs included, as the host numbers them', async () => {
    await using x = await box('sleep', '1000');
    const { Titles, Processes } = await x.top('');
    expect(Titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    expect(Processes?.map((row) => [row[0], row.at(-1)])).toEqual([['root', 'sleep 1000']]);
    expect(Processes?.[0]?.[1]).toBe(await x.docker.ok(['inspect', '-f', '{{.State.Pid}}', x.name]));
    await x.docker.ok(['exec', '-d', x.name, 'sleep', '999']);
    await until('the exec', async () => {
      const names = (await x.top('-eo pid,args')).Processes?.map((row) => row[1]);
      return names?.includes('sleep 999') && names.includes('sleep 1000');
    });
    await x.docker.ok(['pause', x.name]);
    expect((await x.top('-eo pid,comm')).Processes).toHaveLength(2);
    await x.docker.ok(['unpause', x.name]);
  });

  test('takes the options of ps, and says what is wrong with them', async () => {
    await using x = await box('sleep', '1000');
    const titles = async (psArgs: string) => (await x.top(psArgs)).Titles?.join(' ');
    expect(await titles('aux')).toBe('USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND');
    expect(await titles('-eo pid,comm')).toBe('PID COMMAND');
    expect(await titles('eo pid')).toBe('PID');
    expect(await titles('--format=pid')).toBe('PID');
    expect(await titles('-C sleep')).toBe('PID TTY TIME CMD');
    expect((await x.top('axf')).Processes).toHaveLength(1);
    expect((await x.top('axm')).Processes?.map((row) => row[0])).toEqual([
      expect.stringMatching(/^\d+$/),
      '-',
    ]);
    expect(await x.top('-q 1')).toMatchObject({ status: 200, Processes: null });
    const noColumn = { status: 500, message: "Couldn't find PID field in ps output" };
    for (const psArgs of ['-eo comm', '-e -o pid=', '--help', '-o pid,args --no-headers']) {
      expect(await x.top(psArgs)).toEqual(noColumn);
    }
    expect(await x.top('-e -o pid -o comm=PID')).toEqual({
      status: 500,
      message: 'specifying "comm=PID" is not allowed',
    });
    expect(await x.top('-zz')).toEqual({ status: 500, message: 'ps: error: unsupported SysV option' });
    expect(await x.top('a  b')).toEqual({ status: 500, message: 'ps: error: garbage option' });
  });

  test('needs a container that runs', async () => {
    await using x = await box('true');
    await x.docker.ok(['wait', x.name]);
    const id = await x.docker.ok(['inspect', '-f', '{{.Id}}', x.name]);
    expect(await x.top('')).toEqual({ status: 409, message: `Container ${id} is not running` });
    expect(await x.top('', 'nope')).toEqual({ status: 404, message: 'No such container: nope' });
  });
});

describe.each([...dockerClis(), MINKE_CLI].map((cli) => [cli.name, cli] as const))('%s top', (_name, cli) => {
  test('prints a table, with ps options too', async () => {
    await using x = await box('sleep', '1000');
    const client = new Client(cli, x.daemon.host);
    const pid = await x.docker.ok(['inspect', '-f', '{{.State.Pid}}', x.name]);
    expect(await client.ok(['top', x.name, '-eo', 'pid,comm'])).toBe(
      `PID                 COMMAND\n${pid.padEnd(20)}sleep`,
    );
    expect(await client.ok(['top', x.name])).toMatch(/^UID +PID +PPID .* CMD\nroot +\d+ .* sleep 1000$/);
    const failed = await client.run(['top', x.name, '-zz']);
    expect([failed.code, failed.stderr]).toEqual([
      1,
      'Error response from daemon: ps: error: unsupported SysV option\n',
    ]);
  });
});
