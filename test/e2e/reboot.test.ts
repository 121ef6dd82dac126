/** A boot of the machine, simulated: every process, mount and link is gone, and what is on disk says otherwise. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { freePort, isAlive, run, sh, until, workFolder } from '../fixtures/machine.ts';

/** Empty once it has been reaped. Nobody hurries to do that for a keeper's orphans. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

/** What is frozen does not die. */
function thaw(pid: number): void {
  const path = /:freezer:(.*)/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  const file = `/sys/fs/cgroup/freezer${path}/freezer.state`;
  if (existsSync(file)) writeFileSync(file, 'THAWED');
}

async function links(): Promise<string[]> {
  const lines = (await sh('ip -o link')).split('\n');
  return lines.flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? []);
}

/** As `table inet NAME`. */
async function tables(): Promise<string[]> {
  return (await sh('nft list tables')).split('\n').filter((line) => line !== '');
}

describe.if(ENGINE === 'minke')('after a boot', () => {
  let daemon: Daemon;
  let docker: Client;
  let quiet: Disposable;
  /** Links and tables of the daemon that all files share: it lives on. */
  let others: ReadonlySet<string>;
  const [cli] = dockerClis();

  beforeAll(async () => {
    others = new Set([...(await links()), ...(await tables())]);
    daemon = await Daemon.start({ subnet: 97 });
    if (!cli) throw new Error('no docker CLI');
    docker = new Client(cli, daemon.host);
    quiet = await calm('the machine is what ends');
    await docker.ok(['import', '-c', 'ENV PATH=/bin', '-', 'box'], { input: busyboxRootfs() });
  });
  afterAll(async () => {
    quiet[Symbol.dispose]();
    await daemon.stop();
  });

  /** Ends all that a boot ends. What runs of the containers is told by their pids. */
  async function powerOff(): Promise<void> {
    const ids = (await docker.ok(['ps', '-q', '--no-trunc'])).split('\n').filter(Boolean);
    const pids =
      ids.length > 0 ? (await docker.ok(['inspect', '-f', '{{.State.Pid}}', ...ids])).split('\n') : [];
    const keeper = readFileSync(join(daemon.execRoot, 'keeper.lock'), 'utf8').trim();
    await daemon.kill();
    process.kill(Number(keeper), 'SIGKILL');
    for (const pid of pids.map(Number).filter((each) => each > 0)) {
      thaw(pid);
      process.kill(pid, 'SIGKILL');
      await until(`process ${pid} to end`, () => !/^State:\t[^ZX]/m.test(statusOf(pid)));
    }
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((path) => path.startsWith(`${daemon.folder}/`));
    for (const mount of mounts.reverse()) await sh(`umount -l ${mount}`);
    for (const link of await links()) if (!others.has(link)) await run('ip', ['link', 'delete', link]);
    for (const table of await tables()) if (!others.has(table)) await sh(`nft delete ${table}`);
  }

  const state = (name: string) => docker.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name]);
  const pidOf = async (name: string) => Number(await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]));

  /** Containers of all kinds, at a port of the host. */
  async function populate(): Promise<{ port: number }> {
    const port = await freePort();
    const start = (name: string, ...flags: string[]) =>
      docker.ok(['run', '-d', '--name', name, ...flags, 'box', 'sleep', '1000']);
    await docker.ok([
      ...['run', '-d', '--name', 'web', '--restart', 'always', '-p', `${port}:80`, '--health-cmd', 'true'],
      ...['--health-interval', '100ms', 'box', 'httpd', '-f', '-h', '/www'],
    ]);
    await start('unless', '--restart', 'unless-stopped');
    await start('stopped', '--restart', 'unless-stopped');
    await start('failing', '--restart', 'on-failure');
    await start('plain');
    await start('frozen');
    await start('brief', '--rm');
    await docker.ok(['create', '--name', 'new', '--restart', 'always', 'box', 'true']);
    await docker.ok(['stop', '-t', '0', 'stopped']);
    await docker.ok(['exec', 'plain', 'sh', '-c', 'echo kept > /file; sync']);
    await docker.ok(['pause', 'frozen']);
    return { port };
  }

  test('with an exec-root on disk that names pids of before, which are somebody else’s now', async () => {
    const { port } = await populate();
    const bystander = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const before = await pidOf('web');
    const id = await docker.ok(['inspect', '-f', '{{.Id}}', 'plain']);
    await powerOff();
    const path = join(daemon.dataRoot, 'containers', id, 'config.v2.json');
    const record = readFileSync(path, 'utf8').replace(/"Pid":\d+/, `"Pid":${bystander.pid}`);
    writeFileSync(path, record);
    writeFileSync(join(daemon.execRoot, 'boot-id'), '11111111-2222-3333-4444-555555555555');
    await daemon.start();
    for (const name of ['plain', 'frozen']) expect(await state(name)).toBe('exited 255');
    await docker.ok(['rm', 'frozen']);
    await docker.ok(['run', '--name', 'frozen', '-d', 'box', 'sleep', '1000']);
    await docker.run(['kill', 'frozen']);
    for (const name of ['web', 'unless', 'failing'])
      await until(`${name} to run`, async () => (await state(name)) === 'running 0');
    expect(await state('stopped')).toBe('exited 137');
    expect(await state('new')).toBe('created 0');
    expect((await docker.run(['inspect', 'brief'])).stderr).toContain('No such object: brief');
    expect(await pidOf('web')).not.toBe(before);
    const page = async () => (await run('curl', ['-s', '-m', '3', `http://127.0.0.1:${port}/`])).stdout;
    await until('the page', async () => (await page()) === 'hello from the image\n');
    const health = () => docker.ok(['inspect', '-f', '{{.State.Health.Status}}', 'web']);
    await until('its health', async () => (await health()) === 'healthy');
    await docker.ok(['start', 'plain']);
    expect(await docker.ok(['exec', 'plain', 'cat', '/file'])).toBe('kept');
    expect(isAlive(bystander.pid ?? 0)).toBe(true);
    bystander.kill('SIGKILL');
  });

  test('with an exec-root that is new', async () => {
    await powerOff();
    const { dataRoot } = daemon;
    daemon = new Daemon({ subnet: 97, dataRoot, execRoot: join(workFolder('exec'), 'exec') });
    if (!cli) throw new Error('no docker CLI');
    docker = new Client(cli, daemon.host);
    await daemon.start();
    for (const name of ['web', 'unless', 'failing'])
      await until(`${name} to run`, async () => (await state(name)) === 'running 0');
    expect(await state('plain')).toBe('exited 255');
    expect(await docker.ok(['run', '--rm', 'box', 'echo', 'on'])).toBe('on');
  });
});
