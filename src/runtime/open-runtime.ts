import { closeSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerId, EngineError, type Logger, messageOf } from '../base/mod.ts';
import { atomicWrite, readNetDev, run, setWindowSize } from '../sys/mod.ts';
import { type CgroupDriver, detectCgroups } from './cgroups/host.ts';
import { type LimitChange, limitWrites } from './cgroups/limit-writes.ts';
import { cgroupAt, noteCgroup } from './cgroups/of-bundle.ts';
import { readUsageV1 } from './cgroups/usage/read-v1.ts';
import { readUsageV2 } from './cgroups/usage/read-v2.ts';
import { KeeperLink } from './connection/keeper-link.ts';
import { CompiledSeccomp } from './crun/compiled-seccomp.ts';
import type { OciProgram } from './crun/program.ts';
import { type NamedRuntime, OciPrograms } from './crun/programs.ts';
import { toRuntimeFailure } from './crun/translate.ts';
import type { RuntimeVersion } from './crun/version.ts';
import { KeptExecs } from './execs.ts';
import { Holdings } from './holdings.ts';
import type { RuntimeCommand } from './keeper/protocol.ts';
import type { Live } from './live.ts';
import type {
  ContainerExit,
  CreateRequest,
  HeldContainer,
  Runtime,
  RuntimeUsage,
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
  /** Name of the default one among those of `runtimes`, crun and runc. */
  defaultRuntime?: string | undefined;
  /** More runtimes that containers may ask for, by name. */
  runtimes?: Readonly<Record<string, NamedRuntime>>;
  cgroupDriver?: CgroupDriver;
  /** Of the keeper that is wanted; another one becomes this program. Its own unless given. */
  keeperBuild?: string;
  /** How long one call of the OCI runtime may take; 30,000 unless given. */
  deadlineMs?: number;
}

interface Cancel {
  signal?: AbortSignal;
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
  readonly #programs: OciPrograms;
  readonly #seccomp: CompiledSeccomp;
  readonly #holdings: Holdings;
  readonly execs: KeptExecs;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#link = new KeeperLink(options.execRoot, options.log, options.keeperBuild);
    const host = detectCgroups(options.cgroupDriver);
    this.#holdings = new Holdings(options.execRoot, host);
    this.#seccomp = new CompiledSeccomp(join(options.execRoot, 'seccomp'), options.log);
    this.#programs = new OciPrograms({
      execRoot: options.execRoot,
      driver: host.driver,
      path: options.runtimePath,
      defaultName: options.defaultRuntime,
      named: options.runtimes,
    });
    this.execs = new KeptExecs({
      execRoot: options.execRoot,
      link: this.#link,
      programs: this.#programs,
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    });
  }

  async open(): Promise<void> {
    this.#holdings.open();
    this.#link.onExit = (exit) => this.#holdings.ended(exit);
    this.#link.onExecExit = (exit) => this.execs.ended(exit);
    this.#link.onReconnect = () => this.#takeStock();
    this.#link.open();
    // No keeper was ever here, or it has gone in peace: one that we start has nothing to tell.
    if (this.#holdings.isUntouched && !existsSync(join(this.#options.execRoot, 'keeper.sock'))) return;
    await this.#takeStock();
    await this.#sweep();
  }

  async warmUp(): Promise<void> {
    await Promise.all([this.#link.connect(), this.#programs.default.version()]);
  }

  async close(): Promise<void> {
    await this.#link.close({ end: this.#holdings.size === 0 });
    this.#holdings.close();
  }

  async list(): Promise<HeldContainer[]> {
    const { containers } = this.#link.used ? await this.#link.request('list', {}) : { containers: [] };
    return this.#holdings.describe(containers);
  }

  async prepareStdio(
    id: ContainerId,
    options: { tty: boolean; openStdin: boolean; owner?: { uid: number; gid: number } },
  ): Promise<StdioPaths> {
    return makeStdio(this.#holdings.bundle(id), options);
  }

  async create(request: CreateRequest, { signal }: Cancel = {}): Promise<{ pid: number }> {
    const { id, spec, startNumber, tty, openStdin, stdinOnce } = request;
    this.#checkCgroups();
    const bundle = this.#holdings.bundle(id);
    const stdio = tty ? undefined : request.stdio;
    mkdirSync(bundle, { recursive: true, mode: 0o700 });
    try {
      const runtime = await this.#required(request.runtime ?? '').command();
      // Only crun takes a compiled filter.
      const content = runtime.startByFifo ? this.#seccomp.apply(spec) : spec;
      noteCgroup(bundle, spec.linux.cgroupsPath);
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
        // Some hooks are run by the runtime's own start and delete.
        runtime: spec.hooks ? { ...runtime, startByFifo: false } : runtime,
        deadlineMs: this.#options.deadlineMs ?? DEADLINE_MS,
      });
      throwIfCancelled(signal);
      const cgroup = cgroupAt(spec.linux.cgroupsPath, this.#holdings.host);
      const live = this.#holdings.adopt({ id, startNumber, pid, startTime, tty, started: false }, cgroup);
      if (stdio?.stdin !== undefined && stdinOnce) live.holdStdin(openFifoWriter(stdio.stdin));
      return { pid };
    } catch (error) {
      await this.delete(id).catch((failure: unknown) => {
        this.#options.log.warn('a failed create was not cleaned up', { id, error: messageOf(failure) });
      });
      throw toRuntimeFailure(error, spec);
    }
  }

  async start(id: ContainerId, { signal }: Cancel = {}): Promise<void> {
    const live = this.#holdings.get(id);
    try {
      using _abort = this.#abortBy(signal, id);
      await this.#link.request('start', { id });
    } catch (error) {
      throw toRuntimeFailure(error, undefined);
    }
    live.started = true;
  }

  async signal(id: ContainerId, signal: number): Promise<void> {
    const live = this.#holdings.get(id);
    if (!live.pidfd?.signal(signal)) throw new EngineError('not-found', `container ${id} is not running`);
    // Under cgroup v1 a frozen process does not die before it thaws.
    if (signal === SIGKILL) live.cgroup.thaw();
  }

  async changeLimits(id: ContainerId, change: LimitChange): Promise<void> {
    const { cgroup } = this.#holdings.get(id);
    cgroup.writeLimits(limitWrites(change, this.#holdings.host.version));
  }

  async pause(id: ContainerId): Promise<void> {
    await this.#holdings.get(id).cgroup.setFrozen(true);
  }

  async resume(id: ContainerId): Promise<void> {
    await this.#holdings.get(id).cgroup.setFrozen(false);
  }

  async ptyMaster(id: ContainerId): Promise<number> {
    const { fd } = await this.#link.request('ptyMaster', { id });
    return await this.#link.takeDescriptor(fd);
  }

  async resize(id: ContainerId, height: number, width: number): Promise<void> {
    if (!this.#holdings.get(id).tty) return;
    const master = await this.ptyMaster(id);
    try {
      setWindowSize(master, height, width);
    } finally {
      closeSync(master);
    }
  }

  async openStdin(id: ContainerId): Promise<StdinWriter> {
    const live = this.#holdings.get(id);
    if (live.tty)
      return new DescriptorWriter(
        await this.ptyMaster(id),
        async () => {},
        () => {},
      );
    let fd: number;
    try {
      fd = openFifoWriter(join(this.#holdings.bundle(id), 'stdin'));
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

  usage(id: ContainerId): RuntimeUsage {
    const { pid, cgroup } = this.#holdings.get(id);
    const unified = this.#holdings.host.version === 2;
    const usage = unified
      ? readUsageV2((_controller, file) => cgroup.read('', file))
      : readUsageV1((controller, file) => cgroup.read(controller, file));
    return { ...usage, interfaces: readNetDev(pid) };
  }

  pids(id: ContainerId): number[] {
    return this.#holdings.get(id).cgroup.pids();
  }

  async delete(id: ContainerId, { keepExit = false } = {}): Promise<void> {
    const live = this.#holdings.find(id);
    if (!live && !existsSync(this.#holdings.bundle(id))) {
      // The bundle goes last: nobody holds anything of it.
      if (!keepExit) this.#holdings.ledger.forgetAll(id);
      return;
    }
    // The keeper forgets what it was.
    const runtimes = await this.#runtimesOf(id);
    if (live && !this.#holdings.hasExit(live)) await kill(live);
    await this.#link.request('abort', { id });
    await this.#link.request('forget', { id });
    await this.#holdings.cgroupOf(id)?.remove();
    for (const runtime of runtimes) await deleteState(runtime, id);
    if (!keepExit) this.#holdings.ledger.forgetAll(id);
    this.#holdings.forget(id);
    // Crash: the bundle goes last: it says which cgroup there is to remove.
    rmSync(this.#holdings.bundle(id), { recursive: true, force: true });
    rmSync(join(this.#options.execRoot, `tty-${id.slice(0, 16)}`), { force: true });
  }

  async acknowledgeExit(id: ContainerId, startNumber: number): Promise<void> {
    this.#holdings.ledger.forget(id, startNumber);
  }

  onExit(listener: (exit: ContainerExit) => void): void {
    this.#holdings.ledger.listen(listener);
  }

  get name(): string {
    return this.#programs.defaultName;
  }

  async version(): Promise<RuntimeVersion> {
    return await this.#programs.default.version();
  }

  hasRuntime(name: string): boolean {
    return this.#programs.find(name) !== undefined;
  }

  runtimes(): Record<string, NamedRuntime> {
    return this.#programs.list();
  }

  #required(name: string): OciProgram {
    const program = this.#programs.find(name);
    if (!program) throw new EngineError('invalid', `unknown or invalid runtime name: ${name}`);
    return program;
  }

  /** The one that has the container's state, or all that may have it after a create that did not come so far. */
  async #runtimesOf(id: string): Promise<RuntimeCommand[]> {
    const bundle = this.#holdings.bundle(id);
    const isKnown = existsSync(join(bundle, 'held.json'));
    return isKnown ? [await this.#programs.commandOf(bundle)] : await this.#programs.used();
  }

  /** After each connect. */
  async #takeStock(): Promise<void> {
    await this.#holdings.takeStock(this.#link);
    this.execs.takeStock();
  }

  /** Looks again where it was not: somebody may have followed the advice meanwhile. */
  #checkCgroups(): void {
    const holdings = this.#holdings;
    if (holdings.host.obstacle !== undefined) holdings.host = detectCgroups(this.#options.cgroupDriver);
    if (holdings.host.obstacle !== undefined) throw new EngineError('unavailable', holdings.host.obstacle);
  }

  /** Removes what a daemon left that died in a create or a delete: bundles of which the keeper does not know. */
  async #sweep(): Promise<void> {
    for (const id of this.#holdings.bundles().filter((name) => !this.#holdings.find(name))) {
      this.#options.log.info('removing a container that was half made or half removed', { id });
      await this.delete(id as ContainerId).catch((error: unknown) => {
        // A process that the kernel cannot end must not keep the daemon from starting.
        this.#options.log.error('a container cannot be removed', { id, error: messageOf(error) });
      });
    }
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
}

/** Removes what a runtime keeps of a container; of crun's we know how it lies, and need no process. */
async function deleteState({ path, root, args, startByFifo }: RuntimeCommand, id: string): Promise<void> {
  const state = join(root, id);
  if (!startByFifo && existsSync(state)) await run([path, '--root', root, ...args, 'delete', '--force', id]);
  rmSync(state, { recursive: true, force: true });
}

/** Ends its first process, and waits for its exit, within bounds. */
async function kill(live: Live): Promise<void> {
  live.pidfd?.signal(SIGKILL);
  // Under cgroup v1 a frozen process does not die before it thaws.
  live.cgroup.thaw();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, KILL_DEADLINE_MS);
  await Promise.race([live.exited, promise]);
  clearTimeout(timer);
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('cancelled', 'the container was removed');
}
