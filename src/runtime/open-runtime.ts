import { closeSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerId, EngineError, type Logger, messageOf } from '../base/mod.ts';
import { atomicWrite, setWindowSize } from '../sys/mod.ts';
import { Cgroup } from './cgroups/cgroup.ts';
import { type CgroupDriver, type CgroupHost, detectCgroups } from './cgroups/host.ts';
import { cgroupOfBundle } from './cgroups/of-bundle.ts';
import { KeeperLink } from './connection/keeper-link.ts';
import { CompiledSeccomp } from './crun/compiled-seccomp.ts';
import { OciProgram } from './crun/program.ts';
import { toRuntimeFailure } from './crun/translate.ts';
import type { RuntimeVersion } from './crun/version.ts';
import { KeptExecs } from './execs.ts';
import { ExitFiles, ExitLedger, toContainerExit } from './exits.ts';
import { now } from './keeper/containers.ts';
import type { ExitRecord, HeldState } from './keeper/protocol.ts';
import { Live } from './live.ts';
import type {
  ContainerExit,
  CreateRequest,
  HeldContainer,
  Runtime,
  StdinWriter,
  StdioPaths,
} from './runtime.ts';
import { DescriptorWriter, openFifoWriter } from './stdin-writer.ts';
import { fifosOf, makeStdio } from './stdio-paths.ts';

export interface RuntimeOptions {
  /** On a tmpfs; FIFOs, bundles, sockets and exit files lie in it. */
  execRoot: string;
  log: Logger;
  /** The OCI runtime; crun or else runc of PATH unless given. */
  runtimePath?: string;
  cgroupDriver?: CgroupDriver;
  /** Of the keeper that is wanted; another one becomes this program. Its own unless given. */
  keeperBuild?: string;
  /** How long one call of the OCI runtime may take; 30,000 unless given. */
  deadlineMs?: number;
}

const SIGKILL = 9;
const DEADLINE_MS = 30_000;
const KILL_DEADLINE_MS = 10_000;

/** The runtime on one exec-root; call `open` before anything else but `onExit`. */
export function openRuntime(options: RuntimeOptions): Runtime {
  return new KeptRuntime(options);
}

class KeptRuntime implements Runtime {
  readonly #options: RuntimeOptions;
  readonly #link: KeeperLink;
  readonly #exits: ExitFiles;
  #host: CgroupHost;
  readonly #program: OciProgram;
  readonly #seccomp: CompiledSeccomp;
  readonly #live = new Map<string, Live>();
  readonly #ledger: ExitLedger;
  readonly execs: KeptExecs;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#link = new KeeperLink(options.execRoot, options.log, options.keeperBuild);
    this.#exits = new ExitFiles(options.execRoot);
    this.#ledger = new ExitLedger(this.#exits);
    this.#host = detectCgroups(options.cgroupDriver);
    this.#seccomp = new CompiledSeccomp(join(options.execRoot, 'seccomp'), options.log);
    this.#program = new OciProgram(options.execRoot, this.#host.driver, options.runtimePath);
    this.execs = new KeptExecs({
      execRoot: options.execRoot,
      link: this.#link,
      program: this.#program,
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    });
  }

  async open(): Promise<void> {
    mkdirSync(join(this.#options.execRoot, 'containers'), { recursive: true, mode: 0o711 });
    this.#link.onExit = (exit) => this.#ended(exit);
    this.#link.onExecExit = (exit) => this.execs.ended(exit);
    this.#link.onReconnect = () => this.#takeStock();
    this.#link.open();
    if (this.#isUntouched()) return;
    await this.#takeStock();
    await this.#sweep();
  }

  async warmUp(): Promise<void> {
    await Promise.all([this.#link.connect(), this.#program.version()]);
  }

  async close(): Promise<void> {
    await this.#link.close({ end: this.#live.size === 0 });
    for (const live of this.#live.values()) live[Symbol.dispose]();
    this.#live.clear();
  }

  async list(): Promise<HeldContainer[]> {
    const { containers } = this.#link.used ? await this.#link.request('list', {}) : { containers: [] };
    const held = new Set(containers.map(({ id, startNumber }) => `${id}.${startNumber}`));
    const onlyExits = this.#ledger.list().filter(({ id, startNumber }) => !held.has(`${id}.${startNumber}`));
    return [
      ...containers.map(({ id, startNumber, pid, started, tty }): HeldContainer => {
        const exit = this.#ledger.get(id, startNumber);
        const paused = exit ? undefined : this.#live.get(id)?.cgroup.isFrozen();
        const known = { id: id as ContainerId, startNumber, pid, started, tty };
        return { ...known, ...(paused !== undefined && { paused }), ...(exit && { exit }) };
      }),
      ...onlyExits.map((exit): HeldContainer => {
        return { id: exit.id, startNumber: exit.startNumber, pid: 0, started: true, tty: false, exit };
      }),
    ];
  }

  async prepareStdio(id: ContainerId, options: { tty: boolean; openStdin: boolean }): Promise<StdioPaths> {
    return makeStdio(this.#bundle(id), options);
  }

  async create(request: CreateRequest, { signal }: { signal?: AbortSignal } = {}): Promise<{ pid: number }> {
    const { id, spec, startNumber, tty, openStdin, stdinOnce } = request;
    // Somebody may have followed the advice meanwhile.
    if (this.#host.obstacle !== undefined) this.#host = detectCgroups(this.#options.cgroupDriver);
    if (this.#host.obstacle !== undefined) throw new EngineError('unavailable', this.#host.obstacle);
    const bundle = this.#bundle(id);
    const stdio = tty ? undefined : request.stdio;
    mkdirSync(bundle, { recursive: true, mode: 0o700 });
    try {
      const runtime = await this.#program.command();
      // Only crun takes a compiled filter.
      const content = runtime.startByFifo ? this.#seccomp.apply(spec) : spec;
      atomicWrite(join(bundle, 'config.json'), JSON.stringify(content));
      using _abort = this.#abortBy(signal, id);
      const { pid, startTime } = await this.#link.request('create', {
        id,
        startNumber,
        bundle,
        ...(stdio && { stdio: fifosOf(stdio) }),
        tty,
        holdStdin: openStdin && !stdinOnce,
        consoleSize: request.consoleSize,
        runtime,
        deadlineMs: this.#options.deadlineMs ?? DEADLINE_MS,
      });
      throwIfCancelled(signal);
      const live = this.#adopt({ id, startNumber, pid, startTime, tty, started: false });
      if (stdio?.stdin !== undefined && stdinOnce) live.holdStdin(openFifoWriter(stdio.stdin));
      return { pid };
    } catch (error) {
      await this.delete(id).catch((failure: unknown) => {
        this.#options.log.warn('a failed create was not cleaned up', { id, error: messageOf(failure) });
      });
      throw toRuntimeFailure(error, spec);
    }
  }

  async start(id: ContainerId, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const live = this.#get(id);
    try {
      using _abort = this.#abortBy(signal, id);
      await this.#link.request('start', { id });
    } catch (error) {
      throw toRuntimeFailure(error, undefined);
    }
    live.started = true;
  }

  async signal(id: ContainerId, signal: number): Promise<void> {
    const live = this.#get(id);
    if (!live.pidfd?.signal(signal)) throw notRunning(id);
    // Under cgroup v1 a frozen process does not die before it thaws.
    if (signal === SIGKILL) live.cgroup.thaw();
  }

  async pause(id: ContainerId): Promise<void> {
    await this.#get(id).cgroup.setFrozen(true);
  }

  async resume(id: ContainerId): Promise<void> {
    await this.#get(id).cgroup.setFrozen(false);
  }

  async ptyMaster(id: ContainerId): Promise<number> {
    const { fd } = await this.#link.request('ptyMaster', { id });
    return await this.#link.takeDescriptor(fd);
  }

  async resize(id: ContainerId, height: number, width: number): Promise<void> {
    const live = this.#get(id);
    if (!live.tty) return;
    const master = await this.ptyMaster(id);
    try {
      setWindowSize(master, height, width);
    } finally {
      closeSync(master);
    }
  }

  async openStdin(id: ContainerId): Promise<StdinWriter> {
    const live = this.#get(id);
    if (live.tty)
      return new DescriptorWriter(
        await this.ptyMaster(id),
        async () => {},
        () => {},
      );
    let fd: number;
    try {
      fd = openFifoWriter(join(this.#bundle(id), 'stdin'));
    } catch (error) {
      throw new EngineError('conflict', `container ${id} has no standard input`, { cause: error });
    }
    const end = async () => {
      live.closeStdin();
      await this.#link.request('closeStdin', { id }).catch((error: unknown) => {
        // The container has ended meanwhile.
        this.#options.log.debug('standard input was closed already', { id, error: messageOf(error) });
      });
    };
    return new DescriptorWriter(fd, end, () => live.closeStdin());
  }

  async delete(id: ContainerId, { keepExit = false } = {}): Promise<void> {
    const { execRoot } = this.#options;
    const live = this.#live.get(id);
    if (live && !this.#ledger.get(id, live.startNumber)) await this.#kill(live);
    await this.#link.request('abort', { id });
    await this.#link.request('forget', { id });
    const bundle = this.#bundle(id);
    const cgroup = live?.cgroup ?? this.#cgroupOf(id);
    await cgroup?.remove();
    await this.#program.deleteState(id);
    rmSync(join((await this.#program.command()).root, id), { recursive: true, force: true });
    if (!keepExit) this.#ledger.forgetAll(id);
    live?.[Symbol.dispose]();
    this.#live.delete(id);
    // Crash: the bundle goes last: it says which cgroup there is to remove.
    rmSync(bundle, { recursive: true, force: true });
    rmSync(join(execRoot, `tty-${id.slice(0, 16)}`), { force: true });
  }

  async acknowledgeExit(id: ContainerId, startNumber: number): Promise<void> {
    this.#ledger.forget(id, startNumber);
  }

  onExit(listener: (exit: ContainerExit) => void): void {
    this.#ledger.listen(listener);
  }

  get name(): string {
    return this.#program.name;
  }

  async version(): Promise<RuntimeVersion> {
    return await this.#program.version();
  }

  /** No keeper was ever here, or it has gone in peace, and it left nothing: one that we start has nothing to tell. */
  #isUntouched(): boolean {
    const { execRoot } = this.#options;
    const left = readdirSync(join(execRoot, 'containers')).length + this.#exits.list().length;
    return left === 0 && !existsSync(join(execRoot, 'keeper.sock'));
  }

  /** Compares what the keeper holds, what is on disk and what we know, after each connect. */
  async #takeStock(): Promise<void> {
    const { containers } = await this.#link.request('list', {});
    for (const state of containers) {
      const live = this.#live.get(state.id) ?? this.#adopt(state);
      if (state.exit) this.#ended(state.exit);
      else if (state.lost) this.#endedUnseen(state, live);
    }
    for (const exit of this.#exits.list()) this.#ended(exit);
    this.execs.takeStock();
  }

  /** Removes what a daemon left that died in a create or a delete: bundles of which the keeper does not know. */
  async #sweep(): Promise<void> {
    const bundles = readdirSync(join(this.#options.execRoot, 'containers'));
    for (const id of bundles.filter((name) => !this.#live.has(name))) {
      this.#options.log.info('removing a container that was half made or half removed', { id });
      await this.delete(id as ContainerId).catch((error: unknown) => {
        // A process that the kernel cannot end must not keep the daemon from starting.
        this.#options.log.error('a container cannot be removed', { id, error: messageOf(error) });
      });
    }
  }

  #adopt(state: Omit<HeldState, 'exit' | 'lost'>): Live {
    const { id, startNumber, pid, startTime, tty, started } = state;
    const cgroup = this.#cgroupOf(id) ?? new Cgroup([]);
    const live = new Live({ id: id as ContainerId, startNumber, pid, startTime, tty, cgroup });
    live.started = started;
    // Race: the exit may have been told before the create was answered.
    if (this.#ledger.get(id, startNumber)) live.markExited();
    this.#live.get(id)?.[Symbol.dispose]();
    this.#live.set(id, live);
    return live;
  }

  /** It ended while no keeper was there: our own pidfd may tell how. */
  #endedUnseen({ id, startNumber }: HeldState, live: Live): void {
    if (this.#ledger.get(id, startNumber)) return;
    const status = live.pidfd?.exitStatus();
    const exit = { id, startNumber, at: now(), ...(status !== undefined && { status }) };
    this.#exits.write(exit);
    this.#ended(exit);
  }

  #ended(record: ExitRecord): void {
    if (this.#ledger.get(record.id, record.startNumber)) return;
    const live = this.#live.get(record.id);
    const cgroup = live?.cgroup ?? this.#cgroupOf(record.id);
    const exit = toContainerExit(record, (cgroup?.oomKills() ?? 0) > 0);
    if (live?.startNumber === record.startNumber) live.markExited();
    this.#ledger.add(exit);
  }

  async #kill(live: Live): Promise<void> {
    live.pidfd?.signal(SIGKILL);
    // Under cgroup v1 a frozen process does not die before it thaws.
    live.cgroup.thaw();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, KILL_DEADLINE_MS);
      void live.exited.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * Until disposed of, an abort of `signal` ends what the keeper is at for this container. Race: the keeper takes
   * requests in turn, so that the one which the caller makes next is there before.
   */
  #abortBy(signal: AbortSignal | undefined, id: string): Disposable {
    throwIfCancelled(signal);
    const abort = () => void this.#link.request('abort', { id }).catch(() => {});
    signal?.addEventListener('abort', abort);
    return { [Symbol.dispose]: () => signal?.removeEventListener('abort', abort) };
  }

  #cgroupOf(id: string): Cgroup | undefined {
    return cgroupOfBundle(this.#bundle(id), this.#host);
  }

  #get(id: string): Live {
    const live = this.#live.get(id);
    if (!live) throw notRunning(id);
    return live;
  }

  #bundle(id: string): string {
    return join(this.#options.execRoot, 'containers', id);
  }
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('cancelled', 'the container was removed');
}

function notRunning(id: string): EngineError {
  return new EngineError('not-found', `container ${id} is not running`);
}
