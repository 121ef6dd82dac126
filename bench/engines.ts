import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from '../test/fixtures/api.ts';
import { dockerClis } from '../test/fixtures/cli.ts';
import { endProcess, isAlive, ROOT, run, until, workFolder } from '../test/fixtures/machine.ts';
import { CpuGroup } from './measure.ts';

/** A cgroup of this run alone: two benches at once would count each other's seconds. */
function groupName(engine: string): string {
  return `minke-bench-${engine}-${process.pid}`;
}

/** One engine under measurement. */
export interface Contestant {
  name: string;
  /** Processes of the engine, without its containers' own. */
  group: CpuGroup;
  /** What stands before `run`, `pull`, `rmi`, …: the client and its global flags. */
  client: string[];
  env: Record<string, string>;
  /** Flags that put a container's own cgroup into the group. */
  runFlags: string[];
  pullFlags: string[];
  /** Flags of `rm -f` that keep it from waiting for a process that ignores SIGTERM. */
  removeFlags: string[];
  /** Of its daemon; undefined where there is none. */
  api?: Api;
  /**
   * Kills the daemon and starts it again on the same root; milliseconds until `isThere`. Undefined where containers do
   * not outlive it.
   */
  restart?: (isThere: () => Promise<boolean>) => Promise<number>;
  /** Milliseconds until it answered; undefined where there is no daemon. */
  start(): Promise<number | undefined>;
  stop(): Promise<void>;
  /** Where a daemon keeps its data now. */
  dataRoot?(): string;
}

/** An engine with a daemon that speaks Docker's API. */
function daemonEngine(name: string, program: string, subnet: number, client: string): Contestant {
  const folder = workFolder(name);
  const group = new CpuGroup(groupName(name));
  let root = 0;
  let pid: number | undefined;
  const socket = join(folder, 'engine.sock');
  const api = new Api(socket);
  const launch = async (isThere: () => Promise<boolean>): Promise<number> => {
    const log = openSync(join(folder, 'log'), 'a');
    const [command = '', ...args] = [
      ...group.prefix,
      program,
      ...['--data-root', join(folder, `data-${root}`), '--exec-root', join(folder, `exec-${root}`)],
      ...['-H', `unix://${socket}`, '--pidfile', join(folder, 'pid'), '--bip', `10.${subnet}.0.1/16`],
    ];
    const started = performance.now();
    pid = spawn(command, args, { stdio: ['ignore', log, log], detached: true }).pid;
    closeSync(log);
    await until(`${name} to answer`, isThere, 60_000);
    return performance.now() - started;
  };
  return {
    name,
    api,
    group,
    client: [client, '-H', `unix://${socket}`],
    env: { DOCKER_CONFIG: folder, DOCKER_CLI_HINTS: 'false' },
    runFlags: ['--cgroup-parent', `/${groupName(name)}/containers`],
    pullFlags: [],
    dataRoot: () => join(folder, `data-${root}`),
    removeFlags: [],
    start: () => {
      root += 1;
      return launch(async () => (await api.get('/_ping')).status === 200);
    },
    ...(name === 'minke' && {
      restart: async (isThere: () => Promise<boolean>) => {
        if (pid) await endProcess(pid, 'SIGKILL');
        return await launch(isThere);
      },
    }),
    stop: async () => {
      if (pid) await endProcess(pid, 'SIGTERM', 20_000);
      const containerd = join(folder, `exec-${root}/containerd/containerd.pid`);
      if (existsSync(containerd)) {
        const left = Number(readFileSync(containerd, 'utf8'));
        if (isAlive(left)) await endProcess(left);
      }
      await until(`${name}'s processes to end`, () => group.pids().length === 0, 30_000).catch(() => {});
    },
  };
}

function podman(): Contestant {
  const folder = workFolder('podman');
  mkdirSync(join(folder, 'data'));
  return {
    name: 'podman',
    group: new CpuGroup(groupName('podman')),
    client: [
      ...['podman', '--root', join(folder, 'data'), '--runroot', join(folder, 'run')],
      ...['--storage-driver', 'overlay', '--cgroup-manager', 'cgroupfs', '--tmpdir', join(folder, 'tmp')],
    ],
    env: {},
    // Its own limits ask for more than a process without CAP_SYS_RESOURCE may give.
    runFlags: [
      ...['--cgroup-parent', `/${groupName('podman')}/containers`, '--log-driver', 'k8s-file'],
      ...['--ulimit', 'nofile=20000:20000', '--ulimit', 'nproc=20000:20000'],
    ],
    pullFlags: ['--tls-verify=false'],
    removeFlags: ['-t', '0'],
    start: () => Promise.resolve(undefined),
    stop: () => Promise.resolve(),
  };
}

/** Minke, Docker and Podman. The same docker CLI talks to the first two. */
export async function contestants(): Promise<Contestant[]> {
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  const minke = daemonEngine('minke', join(ROOT, 'bin/minked'), 101, cli.program);
  const docker = daemonEngine('docker', 'dockerd', 102, cli.program);
  return [minke, docker, podman()];
}

/** The versions of all that is measured, one a line. */
export async function versions(): Promise<string[]> {
  const ask = async (command: string, ...args: string[]): Promise<string> =>
    (await run(command, args)).stdout.trim().split('\n')[0] ?? '';
  const memory = Number(/MemTotal: +(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  return [
    `machine: ${await ask('nproc')} cores, ${Math.round(memory / 1048576)} GB, kernel ${await ask('uname', '-r')}`,
    `dockerd: ${await ask('dockerd', '--version')}`,
    `docker CLI: ${dockerClis()[0]?.name ?? ''}`,
    await ask('podman', '--version'),
    await ask('crun', '--version'),
    (await ask('runc', '--version')).replace(/\s+/g, ' '),
  ];
}
