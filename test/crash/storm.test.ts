/**
 * Clients ask for anything at any moment while the daemon, and now and then the keeper, is killed by SIGKILL. No answer
 * is checked; what must hold is the end: states tell the truth, and after the removal of all nothing is left.
 * MINKE_TEST_ROUNDS sets how many kills.
 */
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { cgroupsOf } from '../fixtures/leaks.ts';
import { isAlive, sh, sleep, until } from '../fixtures/machine.ts';
import { tar } from '../fixtures/tar.ts';

const KILLS = Number(process.env['MINKE_TEST_ROUNDS'] ?? 8);
const ACTORS = 6;
const FILES = tar([{ name: 'copied', content: 'in' }]);

interface Inspected {
  Id: string;
  State: { Status: string; Pid: number; Running: boolean; Paused: boolean; ExitCode: number };
  Config: { Labels: Record<string, string> };
}

const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;

/** What a client may want, by name of a container that there may be. */
function wishes(daemon: Daemon, image: string, name: string): (() => Promise<unknown>)[] {
  const post = (path: string, body?: unknown) =>
    daemon.api.send('POST', path, { timeout: 15_000, ...(body === undefined ? {} : { body }) });
  const verb = (path: string) => () => post(`/containers/${name}/${path}`);
  const create = (host: object, script: string) => () =>
    post(`/containers/create?name=${name}`, {
      Image: image,
      Cmd: ['sh', '-c', script],
      Labels: { script },
      Volumes: { '/anonymous': {} },
      Healthcheck: { Test: ['CMD', pick(['true', 'false'])], Interval: 200_000_000, Timeout: 500_000_000 },
      HostConfig: host,
    });
  const policies = [{}, { AutoRemove: true }, { RestartPolicy: { Name: pick(['always', 'on-failure']) } }];
  return [
    create(pick(policies), pick(['exit 7', 'sleep 0.2; exit 7', 'exec sleep 1000'])),
    create({ NetworkMode: 'none' }, 'echo hello; exit 7'),
    () => post(`/containers/${name}/update`, { CpuShares: pick([50, 500]) }),
    verb('start'),
    verb('start'),
    verb('start'),
    verb('stop?t=0'),
    verb('stop?t=1'),
    verb('restart?t=0'),
    verb('kill'),
    verb('pause'),
    verb('unpause'),
    verb('wait'),
    () =>
      daemon.api.send('PUT', `/containers/${name}/archive?path=/anonymous`, { timeout: 15_000, body: FILES }),
    () => daemon.api.send('GET', `/containers/${name}/archive?path=/bin`, { timeout: 15_000 }),
    () => post(`/commit?container=${name}`),
    () => daemon.api.send('DELETE', `/containers/${name}?force=1&v=1`, { timeout: 15_000 }),
    () => daemon.api.send('DELETE', `/containers/${name}?v=1`, { timeout: 15_000 }),
  ];
}

test(
  'whatever is asked and whenever the daemon dies, states are true and nothing is left',
  async () => {
    const { busybox } = await engine();
    const daemon = await Daemon.start({ subnet: 92 });
    const [from, tag] = [busybox.replace(/:latest$/, ''), 'latest'];
    await daemon.api.send('POST', `/images/create?fromImage=${from}&tag=${tag}`, { timeout: 60_000 });
    let going = true;
    const seen = new Set<string>();
    const actors = Array.from({ length: ACTORS }, async (_, actor) => {
      while (going) {
        const wish = pick(wishes(daemon, busybox, `storm-${actor % 4}`));
        await wish().catch(() => sleep(50));
      }
    });
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(Math.random() * 1500);
      if (Math.random() < 0.15) {
        const keeper = Number(readFileSync(join(daemon.execRoot, 'keeper.lock'), 'utf8'));
        if (keeper > 0) process.kill(keeper, 'SIGKILL');
        await sleep(Math.random() * 100);
      }
      await daemon.kill();
      if (Math.random() < 0.3) await sleep(Math.random() * 500);
      await daemon.start();
    }
    going = false;
    await Promise.all(actors);
    await sleep(500);
    for (const { Id } of (await daemon.api.get('/containers/json?all=1')).json<{ Id: string }[]>()) {
      seen.add(Id);
      await settledTruth(daemon, Id);
    }
    for (const id of seen)
      await daemon.api.send('DELETE', `/containers/${id}?force=1&v=1`, { timeout: 30_000 });
    expect((await daemon.api.get('/containers/json?all=1')).json<unknown[]>()).toEqual([]);
    const left = () => [
      ...['containers', 'exits', 'netns', 'crun'].flatMap((folder) => entries(join(daemon.execRoot, folder))),
      ...entries(join(daemon.dataRoot, 'containers')),
      ...entries(join(daemon.dataRoot, 'image/overlay2/layerdb/mounts')),
      ...entries(join(daemon.dataRoot, 'volumes')).filter((name) => /^[0-9a-f]{64}$/.test(name)),
      ...readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(`${daemon.folder}/`) && !line.includes(`${daemon.dataRoot} `)),
    ];
    await until('all to be gone', () => left().length === 0).catch(() => {});
    expect(left()).toEqual([]);
    expect(cgroupsOf([...seen])).toEqual([]);
    await until('their links to go', async () => !(await sh('ls /sys/class/net')).includes('veth'));
    const log = readFileSync(daemon.logFile, 'utf8');
    expect(log.split('\n').filter((line) => /illegal change|unhandled|TypeError/.test(line))).toEqual([]);
    await daemon.stop();
  },
  60_000 + KILLS * 10_000,
);

/** The state that is shown, once it stands still, against the kernel. */
async function settledTruth(daemon: Daemon, id: string): Promise<void> {
  let why = '';
  await until(`the truth about ${id}`, async () => {
    const answer = await daemon.api.get(`/containers/${id}/json`);
    if (answer.status === 404) return true;
    const { State, Config } = answer.json<Inspected>();
    const files = ['containers', 'netns'].filter((folder) => existsSync(join(daemon.execRoot, folder, id)));
    const facts = JSON.stringify({
      State,
      files,
      cgroups: cgroupsOf([id]).length,
      script: Config.Labels['script'],
    });
    if (State.Status === 'restarting') return true;
    const runs = State.Running;
    const right =
      isAlive(State.Pid || 2 ** 30) === runs &&
      files.includes('containers') === runs &&
      cgroupsOf([id]).length > 0 === runs &&
      (State.Status !== 'exited' || [7, 137, 255, 143].includes(State.ExitCode));
    why = facts;
    return right;
  }).catch(() => {
    throw new Error(`not the truth: ${why}\n${daemon.logTail()}`);
  });
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
