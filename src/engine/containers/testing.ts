import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerId, EngineError, KeyedLock, newId, silentLogger, ZERO_TIME } from '../../base/mod.ts';
import {
  type CreateRequest,
  cgroupLimits,
  detectCgroups,
  type HeldContainer,
  type LimitChange,
} from '../../runtime/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';
import { type ContainerRecord, ContainerRecords } from '../../store/mod.ts';
import { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { Directory } from './directory.ts';
import { ExecDirectory } from './exec/exec-directory.ts';
import { HealthWatch } from './health/health-watch.ts';
import { StatsCollector } from './stats/stats-collector.ts';

type Step = (id: string) => Promise<void>;

/**
 * The container verbs over doubles that only note what they are asked; records are real files. A test makes a step
 * hang or fail by replacing it in `steps`.
 */
export class EngineBench {
  readonly root = mkdtempSync(join(tmpdir(), 'minke-engine-'));
  /** What was done, in order, as `runtime.delete`. */
  readonly done: string[] = [];
  /** Actions of the events that were published. */
  readonly events: string[] = [];
  /** As `events`, and not forgotten: it is on disk. */
  journal: string[] = [];
  readonly removedVolumes: string[] = [];
  /** What the keeper holds. */
  held: HeldContainer[] = [];
  readonly steps: Record<string, Step> = {};
  readonly created: Pick<CreateRequest, 'id' | 'startNumber'>[] = [];
  readonly limits: LimitChange[] = [];
  records = new ContainerRecords(this.root, silentLogger);
  context = this.#context();

  /** As after a SIGKILL of the daemon: only what is on disk is left. */
  forget(): void {
    this.records = new ContainerRecords(this.root, silentLogger);
    this.context = this.#context();
    this.done.length = 0;
    this.events.length = 0;
  }

  /** A container on disk and in the directory. */
  add(change: (record: ContainerRecord) => void = () => {}): Container {
    const record = exampleRecord(this.records);
    change(record);
    this.records.create(record, { durable: false });
    const container = new Container(record);
    this.context.directory.add(container);
    return container;
  }

  /** The one container as a new daemon knows it. */
  get only(): Container {
    const [container, ...more] = this.context.directory.all();
    if (!container || more.length > 0) throw new Error(`${more.length + (container ? 1 : 0)} containers`);
    return container;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  async #step(name: string, id: string): Promise<void> {
    this.done.push(name);
    await this.steps[name]?.(id);
  }

  #context(): ContainersContext {
    const step = (name: string) => (id: string) => this.#step(name, id);
    const stdio = { directory: this.root, stdin: undefined, stdout: '', stderr: '', staging: '' };
    const doubles = {
      settings: {
        execRoot: this.root,
        host: { cpus: 2, ...cgroupLimits(detectCgroups()) },
        dns: [],
        dnsSearch: [],
        dnsOptions: [],
        cgroupParent: '',
        hostGatewayIps: [],
        cdiSpecDirs: [],
        stopTimeout: 10,
      },
      directory: new Directory(),
      execs: new ExecDirectory(),
      stats: new StatsCollector(),
      locks: new KeyedLock(),
      records: this.records,
      layers: {
        mount: async (id: string) => {
          await this.#step('layers.mount', id);
          return '/rootfs';
        },
        unmount: step('layers.unmount'),
        removeMount: step('layers.removeMount'),
        getMount: () => undefined,
        mountSize: async () => 0,
        strayMounts: () => [],
      },
      rootfs: {
        lookupUser: async () => ({ uid: 0, gid: 0, additionalGids: [], home: '/' }),
        ensureDirectory: async () => {},
      },
      prepared: { release: () => {} },
      runtime: {
        hasRuntime: () => true,
        list: async () => this.held,
        prepareStdio: async () => stdio,
        create: async (request: CreateRequest, { signal }: { signal: AbortSignal }) => {
          this.created.push(request);
          const { promise, reject } = Promise.withResolvers<never>();
          signal.addEventListener('abort', () => reject(new EngineError('cancelled', 'aborted')));
          await Promise.race([this.#step('runtime.create', request.id), promise]);
          return { pid: 4711 };
        },
        start: step('runtime.start'),
        signal: step('runtime.signal'),
        resume: step('runtime.resume'),
        changeLimits: async (id: string, change: LimitChange) => {
          await this.#step('runtime.changeLimits', id);
          this.limits.push(change);
        },
        delete: step('runtime.delete'),
        ptyMaster: async () => 99,
        openStdin: async (id: string) => {
          await this.#step('runtime.openStdin', id);
          return { write: async () => {}, end: async () => {}, release: () => {} };
        },
        acknowledgeExit: step('runtime.acknowledgeExit'),
      },
      cgroup: detectCgroups(),
      logs: {
        register: ({ id }: { id: string }) => this.#step('logs.register', id),
        drain: step('logs.drain'),
        unregister: step('logs.unregister'),
        subscribe: () => ({ close: () => {} }),
      },
      net: {
        setUp: async ({ id }: { id: string }) => {
          await this.#step('net.setUp', id);
          return { netns: '/netns', endpoints: [], ports: [] };
        },
        tearDown: step('net.tearDown'),
        restore: async () => {},
      },
      health: new HealthWatch(this.root, silentLogger),
      events: {
        publish: (_type: string, action: string) => {
          this.events.push(action);
          this.journal.push(action);
        },
        happened: (action: string) => this.journal.includes(action),
      },
      images: {},
      networks: {
        find: () => ({ id: newId(), askedSubnets: [] }),
        findIfThere: () => undefined,
        hold: () => ({ [Symbol.dispose]: () => {} }),
      },
      volumes: {
        get: () => ({ anonymous: true }),
        release: async () => {},
        restore: () => {},
        removeMadeFor: async (id: string) => void this.removedVolumes.push(`of ${id}`),
        removeIfUnused: async (name: string) => void this.removedVolumes.push(name),
      },
      log: silentLogger,
    };
    return doubles as unknown as ContainersContext;
  }
}

function exampleRecord(records: ContainerRecords): ContainerRecord {
  const id = newId<ContainerId>();
  const directory = records.directory(id);
  const hostConfig = {
    NetworkMode: 'none',
    IpcMode: 'private',
    PidMode: '',
    AutoRemove: false,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    LogConfig: { Type: 'none', Config: {} },
    ConsoleSize: [0, 0],
  };
  return {
    id,
    name: `/box-${id.slice(0, 8)}`,
    created: '2026-01-01T00:00:00Z',
    path: '/bin/true',
    args: [],
    config: {
      Hostname: 'box',
      Domainname: '',
      Labels: {},
      User: '',
      WorkingDir: '',
      Image: 'x',
      Tty: false,
    } as never,
    hostConfig: hostConfig as unknown as HostConfig,
    image: `sha256:${'0'.repeat(64)}` as ImageId,
    state: {
      status: 'created',
      oomKilled: false,
      pid: 0,
      exitCode: 0,
      error: '',
      startedAt: ZERO_TIME,
      finishedAt: ZERO_TIME,
    },
    networks: {},
    ports: {},
    sandboxId: '',
    sandboxKey: '',
    mountPoints: {},
    restartCount: 0,
    hasBeenStartedBefore: false,
    hasBeenManuallyStopped: false,
    logPath: join(directory, 'log'),
    hostnamePath: join(directory, 'hostname'),
    hostsPath: join(directory, 'hosts'),
    resolvConfPath: join(directory, 'resolv.conf'),
    minke: { startNumber: 0 },
    unknown: {},
  };
}
