import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

/** Compat: 20.10 has 126 for whatever it cannot run, 28 tells them apart. */
const exitCode = (code: number) => (ENGINE === 'docker' ? 126 : code);

interface ExecState {
  Running: boolean;
  ExitCode: number | null;
  Pid: number;
}

/** A running container; removed at the end. */
async function box(...flags: string[]) {
  const { docker, busybox, daemon } = await engine();
  const name = uniqueName();
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
  const removal = removing(docker, name);
  const { api } = daemon;
  return {
    docker,
    api,
    daemon,
    name,
    create: async (body: Record<string, unknown>) =>
      (await api.post(`/containers/${name}/exec`, body)).json<{ Id: string }>().Id,
    state: async (id: string) => (await api.get(`/exec/${id}/json`)).json<ExecState>(),
    [Symbol.asyncDispose]: () => removal[Symbol.asyncDispose](),
  };
}

describe.each(dockerClis().map((cli) => [cli.name, cli] as const))('%s exec', (_name, cli) => {
  test('runs a command, its streams apart and its exit code passed on', async () => {
    await using x = await box();
    const client = new Client(cli, x.daemon.host);
    const result = await client.run(['exec', x.name, 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(result).toMatchObject({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    expect((await client.run(['exec', x.name, 'sh', '-c', 'kill -9 $$'])).code).toBe(137);
  });

  test('-e, --env-file, -w, -u and --privileged change the process', async () => {
    await using x = await box('-e', 'OWN=1');
    const client = new Client(cli, x.daemon.host);
    const run = (...args: string[]) => client.ok(['exec', ...args]);
    const env = await run('-e', 'A=b c', '-e', 'OWN=2', x.name, 'env');
    expect(env).toContain('A=b c\n');
    expect(env).toContain('OWN=2');
    expect(await run('--env-file', '/etc/os-release', x.name, 'sh', '-c', 'echo $ID')).not.toBe('');
    expect(await run('-w', '/tmp', x.name, 'pwd')).toBe('/tmp');
    expect(await run('-u', '1234:77', x.name, 'sh', '-c', 'id -u; id -g')).toBe('1234\n77');
    expect(await run('-u', 'nobody', x.name, 'grep', 'CapEff', '/proc/self/status')).toMatch(/0{16}$/);
    expect(await run(x.name, 'grep', 'Seccomp:', '/proc/self/status')).toMatch(/2$/);
    if (ENGINE === 'docker') return; // It asks for more than it has here.
    expect(await run('--privileged', x.name, 'grep', 'CapEff', '/proc/self/status')).not.toMatch(/a80425fb$/);
  });

  test('-i hands input over and its end; without it there is none', async () => {
    await using x = await box();
    const client = new Client(cli, x.daemon.host);
    const echoed = await client.run(['exec', '-i', x.name, 'sh', '-c', 'cat; echo end'], { input: 'hi\n' });
    expect(echoed).toMatchObject({ code: 0, stdout: 'hi\nend\n' });
    const lost = await client.run(['exec', x.name, 'sh', '-c', 'cat; echo end'], { input: 'lost\n' });
    expect(lost.stdout).toBe('end\n');
  });

  test('-it has the size of the client, follows it, and passes the exit code on', async () => {
    await using x = await box();
    const client = new Client(cli, x.daemon.host);
    const terminal = await client.terminal(['exec', '-it', x.name, 'sh'], 31, 97);
    await terminal.see(/\/ # /);
    terminal.type('stty size\n');
    await terminal.see(/31 97/);
    await terminal.resize(45, 123);
    terminal.type('sleep 0.3; stty size\n');
    await terminal.see(/45 123/);
    terminal.type('exit 9\n');
    expect(await terminal.ended).toBe(9);
  });

  test('the detach keys let go of it, and it runs on', async () => {
    await using x = await box();
    const client = new Client(cli, x.daemon.host);
    const terminal = await client.terminal(['exec', '-it', '--detach-keys', 'ctrl-a,x', x.name, 'sh']);
    await terminal.see(/\/ # /);
    terminal.type('\x01x');
    await terminal.ended;
    const [id = ''] = JSON.parse(
      await x.docker.ok(['inspect', '-f', '{{json .ExecIDs}}', x.name]),
    ) as string[];
    expect((await x.state(id)).Running).toBe(true);
  });

  test('what cannot be run is said, with an exit code of its own', async () => {
    await using x = await box();
    const client = new Client(cli, x.daemon.host);
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await client.run(['exec', ...args]);
      return [code, (stdout + stderr).trim()];
    };
    const failed = 'OCI runtime exec failed: exec failed: ';
    const start = `${failed}unable to start container process: `;
    expect(await run(x.name, 'nosuch')).toEqual([
      exitCode(127),
      `${start}exec: "nosuch": executable file not found in $PATH: unknown`,
    ]);
    expect(await run(x.name, '/no/such')).toEqual([
      exitCode(127),
      `${start}exec: "/no/such": stat /no/such: no such file or directory: unknown`,
    ]);
    expect(await run(x.name, '')).toEqual([
      exitCode(127),
      `${start}exec: "": executable file not found in $PATH: unknown`,
    ]);
    expect(await run(x.name, '/etc/passwd')).toEqual([
      126,
      `${start}exec: "/etc/passwd": permission denied: unknown`,
    ]);
    expect(await run('-w', '/nope', x.name, 'true')).toEqual([
      exitCode(127),
      `${start}chdir to cwd ("/nope") set in config.json failed: no such file or directory: unknown`,
    ]);
    expect(await run('-w', 'rel', x.name, 'true')).toEqual([
      exitCode(128),
      `${failed}Cwd must be an absolute path: unknown`,
    ]);
    expect(await run('-u', 'nouser', x.name, 'true')).toEqual([
      126,
      'unable to find user nouser: no matching entries in passwd file',
    ]);
    for (const user of ['4294967296', '-1']) {
      expect(await run('-u', user, x.name, 'true')).toEqual([
        126,
        'uids and gids must be in range 0-2147483647',
      ]);
    }
    expect(await run('-d', x.name, 'nosuch')).toEqual([
      1,
      `Error response from daemon: ${start}exec: "nosuch": executable file not found in $PATH: unknown`,
    ]);
    expect((await run('--detach-keys', 'zz', x.name, 'true'))[1]).toBe(
      'Error response from daemon: Invalid escape keys (zz) provided',
    );
  });
});

describe('exec', () => {
  test('10 MB of input come out again as they were', async () => {
    await using x = await box();
    const bytes = Buffer.alloc(10 << 20);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
    const result = await x.docker.run(['exec', '-i', x.name, 'sha256sum'], { input: bytes });
    expect(result.stdout).toBe(`${createHash('sha256').update(bytes).digest('hex')}  -\n`);
  });

  test('a slow reader gets everything', async () => {
    using _calm = await calm('a pipeline of the shell: nobody settles what is cut');
    await using x = await box();
    const pipe = `${x.docker.cli.program} exec ${x.name} seq 1 300000 | (sleep 1; cat) | tail -1`;
    expect(await sh(pipe, { env: { DOCKER_HOST: x.daemon.host } })).toBe('300000');
  });

  test('a client that vanishes leaves the process alone', async () => {
    await using x = await box();
    const command = x.docker.start([
      'exec',
      x.name,
      'sh',
      '-c',
      'echo on; sleep 2; echo more; echo done >/done',
    ]);
    await until('its first word', () => command.output() === 'on\n');
    command.child.kill('SIGKILL');
    await until('its last', async () => (await x.docker.run(['exec', x.name, 'cat', '/done'])).code === 0);
  });

  test('-d runs in the background and is known until it has ended', async () => {
    await using x = await box();
    await x.docker.ok(['exec', '-d', x.name, 'sh', '-c', 'until test -e /go; do sleep 0.1; done; exit 3']);
    const ids = async () => JSON.parse(await x.docker.ok(['inspect', '-f', '{{json .ExecIDs}}', x.name]));
    const [id = ''] = (await ids()) as string[];
    const running = await x.state(id);
    expect(running).toMatchObject({ Running: true, ExitCode: null });
    expect(await sh(`cat /proc/${running.Pid}/comm`)).toBe('sh');
    await x.docker.ok(['exec', x.name, 'touch', '/go']);
    await until('its end', async () => !(await x.state(id)).Running);
    expect(await x.state(id)).toMatchObject({ Running: false, ExitCode: 3 });
    expect(await ids()).toBeNull();
  });

  test('events tell of it', async () => {
    await using x = await box();
    await x.docker.run(['exec', x.name, 'sh', '-c', 'exit 4']);
    const past = ['events', '--since', '1m', '--until', '0s', '--filter', `container=${x.name}`];
    const format = ['--format', '{{.Action}}|{{.Actor.Attributes.execID}}|{{.Actor.Attributes.exitCode}}'];
    const lines = await until('exec_die', async () => {
      const text = await x.docker.ok([...past, ...format]);
      return text.includes('exec_die')
        ? text.split('\n').filter((line) => line.startsWith('exec_'))
        : undefined;
    });
    expect(lines.map((line) => line.replace(/[0-9a-f]{64}/, 'ID'))).toEqual([
      'exec_create: sh -c exit 4|ID|<no value>',
      'exec_start: sh -c exit 4|ID|<no value>',
      'exec_die|ID|4',
    ]);
  });

  test('needs a container that runs', async () => {
    await using x = await box();
    const waiting = await x.create({ Cmd: ['true'] });
    await x.docker.ok(['pause', x.name]);
    const paused = await x.docker.run(['exec', x.name, 'true']);
    expect([paused.code, paused.stderr.trim()]).toEqual([
      1,
      `Error response from daemon: Container ${x.name} is paused, unpause the container before exec`,
    ]);
    expect((await x.api.post(`/exec/${waiting}/start`, { Detach: true })).status).toBe(409);
    await x.docker.ok(['unpause', x.name]);
    await x.docker.ok(['stop', '-t', '0', x.name]);
    const stopped = await x.docker.run(['exec', x.name, 'true']);
    expect([stopped.code, stopped.stderr]).toEqual([
      1,
      expect.stringMatching(/ontainer [0-9a-f]{64} is not running/),
    ]);
    const gone = await until('it to be forgotten', async () => {
      const answer = await x.api.get(`/exec/${waiting}/json`);
      return answer.status === 404 ? answer : undefined;
    });
    expect(gone.json()).toEqual({ message: `No such exec instance: ${waiting}` });
  });

  test('one that runs dies with its container, as 137', async () => {
    await using x = await box();
    const command = x.docker.start(['exec', x.name, 'sh', '-c', 'echo on; sleep 1000']);
    await until('its start', () => command.output() === 'on\n');
    const ended = new Promise((resolve) => command.child.once('exit', resolve));
    await x.docker.ok(['kill', x.name]);
    expect(await ended).toBe(137);
  });

  test('is started once, and inspected as Docker shows it', async () => {
    await using x = await box();
    const empty = await x.api.post(`/containers/${x.name}/exec`, {});
    expect([empty.status, empty.json()]).toEqual([400, { message: 'No exec command specified' }]);
    const id = await x.create({
      Cmd: ['sh', '-c', 'exit 3'],
      AttachStdout: true,
      DetachKeys: 'ctrl-a,b',
      User: 'root',
    });
    const shown = (await x.api.get(`/exec/${id}/json`)).json();
    expect(Object.keys(shown)).toEqual([
      ...['ID', 'Running', 'ExitCode', 'ProcessConfig', 'OpenStdin', 'OpenStderr', 'OpenStdout'],
      ...['CanRemove', 'ContainerID', 'DetachKeys', 'Pid'],
    ]);
    expect(shown).toMatchObject({
      Running: false,
      ExitCode: null,
      ProcessConfig: {
        tty: false,
        entrypoint: 'sh',
        arguments: ['-c', 'exit 3'],
        privileged: false,
        user: 'root',
      },
      DetachKeys: 'AWI=',
      Pid: 0,
    });
    expect((await x.api.post(`/exec/${id}/start`, { Detach: true })).status).toBe(200);
    await until('its end', async () => (await x.state(id)).ExitCode === 3);
    const again = await x.api.post(`/exec/${id}/start`, { Detach: true });
    expect([again.status, again.json()]).toEqual([
      409,
      { message: `Error: Exec command ${id} has already run` },
    ]);
    expect((await x.api.post(`/exec/${id}/resize?h=1&w=1`)).status).toBe(404);
    expect((await x.api.get('/exec/nope/json')).json()).toEqual({ message: 'No such exec instance: nope' });
  });

  test('hijacks with an Upgrade header and without one', async () => {
    using _calm = await calm('bare sockets');
    await using x = await box();
    const exchange = async (version: string, headers: string) => {
      const id = await x.create({
        Cmd: ['sh', '-c', 'read a; echo "<$a>"; echo e >&2'],
        ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
      });
      const body = '{"Detach":false,"Tty":false}';
      const socket = connect(x.daemon.socket);
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      // Compat: dockerd loses what comes in one packet with the body.
      socket.once('data', () => socket.write('typed\n'));
      const ended = new Promise((resolve) => socket.once('end', resolve));
      socket.write(
        `POST ${version}/exec/${id}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\n${headers}\r\n${body}`,
      );
      await ended;
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      const [head = '', ...rest] = text.split('\r\n\r\n');
      return { head, frames: rest.join('\r\n\r\n') };
    };
    const frames = ['\x01\0\0\0\0\0\0\x08<typed>\n', '\x02\0\0\0\0\0\0\x02e\n'];
    const upgraded = await exchange('/v1.41', 'Connection: Upgrade\r\nUpgrade: tcp\r\n');
    expect(upgraded.head).toStartWith(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n',
    );
    for (const frame of frames) expect(upgraded.frames).toContain(frame);
    const silent = await exchange('/v1.41', '');
    expect(silent.head).toStartWith('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n');
    for (const frame of frames) expect(silent.frames).toContain(frame);
    if (ENGINE === 'docker') return;
    const newer = await exchange('/v1.42', 'Connection: Upgrade\r\nUpgrade: tcp\r\n');
    expect(newer.head).toContain('application/vnd.docker.multiplexed-stream');
  });
});
