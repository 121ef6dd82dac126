import { EngineError } from '../../base/mod.ts';
import type { AttachSession, ContainerCreateRequest } from '../../engine/containers/mod.ts';
import type { ContainerInspect, ContainerStats, EventMessage } from '../../spec/docker/mod.ts';
import type { ApiBackends } from '../routes/all-routes.ts';

type Chunk = { stream: 'stdout' | 'stderr'; data: Uint8Array };

/** A hand-driven attach session: the test pushes output and looks at the input. */
export class FakeSession implements AttachSession {
  readonly tty: boolean;
  readonly input: Buffer[] = [];
  inputEnded = false;
  closed = 0;
  pulled = 0;
  readonly #queue: Chunk[] = [];
  #over = false;
  #wake: () => void = () => {};

  constructor(tty = false) {
    this.tty = tty;
  }

  push(stream: 'stdout' | 'stderr', data: string | Uint8Array): void {
    this.#queue.push({ stream, data: Buffer.from(data) });
    this.#wake();
  }

  finish(): void {
    this.#over = true;
    this.#wake();
  }

  get output(): AsyncIterable<Chunk> {
    return this.#chunks();
  }

  async *#chunks(): AsyncGenerator<Chunk> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk) {
        this.pulled++;
        yield chunk;
      } else if (this.#over) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.input.push(Buffer.from(bytes));
  }

  async endInput(): Promise<void> {
    this.inputEnded = true;
  }

  close(): void {
    this.closed++;
    this.finish();
  }
}

/** What a test saw and what it says. */
export interface FakeEngine {
  created: ContainerCreateRequest[];
  calls: string[];
  sessions: Map<string, FakeSession>;
  exit: PromiseWithResolvers<{ statusCode: number; error?: string }>;
  waitSignal?: AbortSignal;
  stats: () => AsyncIterable<ContainerStats>;
}

/** Backends that know a container `web` and an image `busybox`; everything else is not found. */
export function fakeBackends(overrides: Partial<ApiBackends> = {}): {
  backends: ApiBackends;
  engine: FakeEngine;
} {
  const engine: FakeEngine = {
    created: [],
    calls: [],
    sessions: new Map(),
    exit: Promise.withResolvers(),
    stats: async function* () {},
  };
  const known = (ref: string) => {
    if (ref === 'web' || ref === ID) return;
    throw new EngineError('not-found', `No such container: ${ref}`);
  };
  const verb = (name: string) => async (ref: string, options?: unknown) => {
    known(ref);
    engine.calls.push(options === undefined ? `${name} ${ref}` : `${name} ${ref} ${JSON.stringify(options)}`);
  };
  const nothing = async () => {
    throw new EngineError('unimplemented', 'not in this fake');
  };
  const backends: ApiBackends = {
    execs: {
      create: async (ref) => {
        known(ref);
        return { id: ID };
      },
      check: known,
      start: async (id, options) => {
        engine.calls.push(`exec ${id} ${JSON.stringify(options)}`);
        return options.detach ? undefined : (engine.sessions.get('next') ?? new FakeSession());
      },
      resize: async (id, height, width) => {
        engine.calls.push(`exec resize ${id} ${height} ${width}`);
      },
      inspect: (id) => {
        throw new EngineError('not-found', `No such exec instance: ${id}`);
      },
    },
    files: {
      stat: nothing,
      archive: nothing,
      extract: nothing,
      export: nothing,
      changes: nothing,
      commit: nothing,
    },
    containers: {
      create: async (request) => {
        engine.created.push(request);
        return { id: ID, warnings: [] };
      },
      connect: verb('connect'),
      disconnect: verb('disconnect'),
      start: verb('start'),
      stop: verb('stop'),
      restart: verb('restart'),
      kill: verb('kill'),
      pause: verb('pause'),
      unpause: verb('unpause'),
      rename: verb('rename'),
      update: async (ref, asked) => {
        known(ref);
        engine.calls.push(`update ${ref} ${JSON.stringify(asked)}`);
        return { warnings: [] };
      },
      remove: verb('remove'),
      prune: async () => ({ deleted: [], spaceReclaimed: 0 }),
      wait: async (ref, condition, { signal }) => {
        known(ref);
        engine.calls.push(`wait ${ref} ${condition}`);
        engine.waitSignal = signal;
        return { exit: engine.exit.promise };
      },
      resize: async (ref, height, width) => {
        engine.calls.push(`resize ${ref} ${height} ${width}`);
      },
      attach: async (ref, options) => {
        known(ref);
        engine.calls.push(`attach ${ref} ${JSON.stringify(options)}`);
        const session = engine.sessions.get('next') ?? new FakeSession();
        engine.sessions.set(ref, session);
        return session;
      },
      logs: async (ref) => {
        known(ref);
        return { tty: false, records: records() };
      },
      stats: (ref) => {
        known(ref);
        return engine.stats();
      },
      top: async (ref, psArgs) => {
        known(ref);
        engine.calls.push(`top ${ref} ${JSON.stringify(psArgs)}`);
        return { Processes: [['1', 'sh']], Titles: ['PID', 'CMD'] };
      },
      inspect: async (ref) => {
        known(ref);
        return inspected();
      },
      list: async () => [],
    },
    images: {
      pull: nothing,
      attestations: nothing,
      pullAllTags: nothing,
      search: async () => [],
      list: async () => [],
      inspect: async (ref) => {
        throw new EngineError('not-found', `No such image: ${ref}`);
      },
      remove: nothing,
      prune: async () => ({ deleted: [], spaceReclaimed: 0 }),
      usage: () => ({ total: 0, reclaimable: 0 }),
      tag: nothing,
      import: nothing,
      push: nothing,
      save: async function* (names) {
        for (const name of names) yield Buffer.from(name);
      },
      load: nothing,
      history: nothing,
      resolve: (ref) => {
        throw new EngineError('not-found', `No such image: ${ref}`);
      },
    },
    networks: {
      create: async ({ name }) => ({ id: name, warning: '' }),
      remove: async () => {},
      list: async () => [],
      prune: async () => [],
      inspect: async (ref) => {
        throw new EngineError('not-found', `network ${ref} not found`);
      },
    },
    volumes: {
      list: async () => ({ volumes: [], warnings: [] }),
      inspect: async (name) => {
        throw new EngineError('not-found', `get ${name}: no such volume`);
      },
      create: nothing,
      remove: nothing,
      usage: async () => [],
      prune: async () => ({ deleted: [], spaceReclaimed: 0 }),
    },
    system: {
      diskUsage: async () => ({}),
      pruneBuildCache: async () => ({ deleted: [], spaceReclaimed: 0 }),
      info: async () => ({ ID: 'x', Containers: 0, Images: 0, ServerVersion: '0.1.0', Swarm: {} }),
      version: async () => ({
        Version: '0.1.0',
        ApiVersion: '1.55',
        MinAPIVersion: '1.24',
        Os: 'linux',
        Arch: 'amd64',
        Platform: { Name: 'Minke' },
        Components: [
          { Name: 'Engine', Version: '0.1.0', Details: { ApiVersion: '1.55', MinAPIVersion: '1.24' } },
        ],
      }),
    },
    events: { subscribe: () => noEvents() },
    registry: { login: nothing, inspect: nothing },
    ...overrides,
  };
  return { backends, engine };
}

export const ID = '4f'.repeat(32);

async function* noEvents(): AsyncGenerator<EventMessage> {}

async function* records() {
  yield { stream: 'stdout' as const, time: '2026-11-24T07:00:00.12Z', line: Buffer.from('hello\n') };
  yield {
    stream: 'stderr' as const,
    time: '2026-11-24T07:00:01Z',
    line: Buffer.from('oops\n'),
    attrs: { b: '1 2', a: 'x' },
  };
}

function inspected(): ContainerInspect {
  const endpoint = {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: '02:42:ac:11:00:02',
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: 'n',
    EndpointID: 'e',
    Gateway: '172.17.0.1',
    IPAddress: '172.17.0.2',
    IPPrefixLen: 16,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
  return {
    Id: ID,
    Name: '/web',
    Image: 'sha256:0',
    Config: { Hostname: 'h', Image: 'busybox', Tty: false, OpenStdin: true, Labels: {} },
    HostConfig: { NetworkMode: 'bridge', AutoRemove: false, LogConfig: { Type: 'json-file', Config: {} } },
    State: { Status: 'running', Running: true, ExitCode: 0 },
    NetworkSettings: {
      Networks: { bridge: endpoint, mine: endpoint },
      Ports: {},
      SandboxID: 's',
      SandboxKey: 'k',
    },
  } as unknown as ContainerInspect;
}
