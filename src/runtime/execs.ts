import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ContainerId, EngineError } from '../base/mod.ts';
import type { RuntimeProcess, RuntimeSpec } from '../spec/oci/runtime.ts';
import {
  decodeWaitStatus,
  descendantsOf,
  duplicate,
  killProcess,
  makeFifo,
  openProcess,
  ownCapabilities,
  setWindowSize,
} from '../sys/mod.ts';
import { execProcess } from './bundle/exec-process.ts';
import type { KeeperLink } from './connection/keeper-link.ts';
import type { OciPrograms } from './crun/programs.ts';
import { toExecFailure } from './crun/translate-exec.ts';
import { readExec } from './keeper/execs.ts';
import type { ExecExit, ExecOperation } from './keeper/protocol.ts';
import type { ExecEnd, ExecOutput, ExecRequest, KnownExec, RuntimeExecs, StartedExec } from './runtime.ts';
import { DescriptorWriter, openFifoWriter } from './stdin-writer.ts';

const SIGKILL = 9;
const UNKNOWN_EXIT_CODE = 255;
const BOTH_ENDS = constants.O_RDWR | constants.O_NONBLOCK | 0o2000000;

interface Options {
  execRoot: string;
  link: KeeperLink;
  programs: OciPrograms;
  /** How long a set-up may take. */
  deadlineMs: number;
}

/** What we hold of one that runs. */
interface Streams {
  /** Both ends of its pipes: nothing is lost between the end of the process and the beginning of the pump. */
  pipes: number[];
  ptyMaster?: number;
}

/** Execs by way of the keeper. Each has a directory `exec/<exec id>` while it runs, and a file `exec/<exec id>.json`. */
export class KeptExecs implements RuntimeExecs {
  readonly #options: Options;
  readonly #running = new Set<string>();
  readonly #streams = new Map<string, Streams>();
  #listener: (exit: ExecEnd) => void = () => {};

  constructor(options: Options) {
    this.#options = options;
  }

  onExit(listener: (exit: ExecEnd) => void): void {
    this.#listener = listener;
  }

  async start(request: ExecRequest, { signal }: { signal?: AbortSignal } = {}): Promise<StartedExec> {
    const { link } = this.#options;
    const { execId } = request;
    let process: RuntimeProcess | undefined;
    const abort = () => void link.request('execRelease', { execId }).catch(() => {});
    signal?.addEventListener('abort', abort);
    try {
      process = execProcess(this.#processOf(request.id), request.process, ownCapabilities());
      const operation = await this.#prepare(request, process);
      if (signal?.aborted) throw new EngineError('cancelled', 'the container has ended');
      // Race: it may have ended before the answer is here.
      this.#running.add(execId);
      const { pid } = await link.request('exec', operation);
      return { pid, ...(await this.#streamsOf(request, operation.stdio)) };
    } catch (error) {
      this.#running.delete(execId);
      await this.closeStreams(execId).catch(() => {});
      throw toExecFailure(error, process);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async list(): Promise<KnownExec[]> {
    const records = this.#records();
    const known = new Set(records.map(({ execId }) => execId));
    for (const name of this.#names()) {
      if (name.endsWith('.json') || known.has(name)) continue;
      rmSync(join(this.#options.execRoot, 'exec', name), { recursive: true, force: true });
    }
    return records.map(({ execId, id, pid, tty, about, exit }) => {
      if (!exit) this.#running.add(execId);
      const settled = !existsSync(this.#directory(execId));
      const fields = { execId, id: id as ContainerId, pid, tty, about, settled };
      return exit ? { ...fields, exit: toEnd(exit) } : fields;
    });
  }

  async reopen({ execId, tty }: Pick<KnownExec, 'execId' | 'tty'>): Promise<ExecOutput | undefined> {
    if (tty) return { ptyMaster: duplicate(await this.#takeTerminal(execId)) };
    const directory = this.#directory(execId);
    const paths = { stdout: join(directory, 'stdout'), stderr: join(directory, 'stderr') };
    try {
      for (const path of Object.values(paths)) this.#hold(execId, openSync(path, BOTH_ENDS));
    } catch {
      return undefined;
    }
    return { stdio: { ...paths, staging: '' } };
  }

  async resize(execId: string, height: number, width: number): Promise<void> {
    const master = this.#streams.get(execId)?.ptyMaster;
    if (master !== undefined) setWindowSize(master, height, width);
  }

  async kill(execId: string): Promise<void> {
    const record = readExec(`${this.#directory(execId)}.json`);
    if (!record || record.exit) return;
    using process = openProcess(record.pid, record.startTime);
    const begun = descendantsOf(record.pid);
    if (!process?.signal(SIGKILL)) return;
    for (const pid of begun) killProcess(pid, SIGKILL);
  }

  async closeStreams(execId: string): Promise<void> {
    const streams = this.#streams.get(execId);
    this.#streams.delete(execId);
    for (const fd of streams?.pipes ?? []) closeSync(fd);
    rmSync(this.#directory(execId), { recursive: true, force: true });
    if (streams?.ptyMaster === undefined) return;
    closeSync(streams.ptyMaster);
    await this.#options.link.request('execRelease', { execId });
  }

  async forget(execId: string): Promise<void> {
    this.#running.delete(execId);
    rmSync(`${this.#directory(execId)}.json`, { force: true });
    await this.closeStreams(execId);
  }

  /** The keeper told of an exit. */
  ended(exit: ExecExit): void {
    if (this.#running.delete(exit.execId)) this.#listener(toEnd(exit));
  }

  /** Tells of the exits that came while no keeper was connected. */
  takeStock(): void {
    if (this.#running.size === 0) return;
    for (const { exit } of this.#records()) if (exit) this.ended(exit);
  }

  async #prepare(request: ExecRequest, process: RuntimeProcess): Promise<ExecOperation> {
    const { execId, id, tty, about } = request;
    const { consoleSize } = request.process;
    const directory = this.#directory(execId);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'process.json'), JSON.stringify(process), { mode: 0o600 });
    const stdio: ExecOperation['stdio'] = {};
    if (!tty && request.stdin) stdio.stdin = join(directory, 'stdin');
    if (!tty && request.output) {
      stdio.stdout = join(directory, 'stdout');
      stdio.stderr = join(directory, 'stderr');
    }
    for (const path of Object.values(stdio)) {
      makeFifo(path, 0o600);
      if (request.owner && request.owner.uid !== 0) chownSync(path, request.owner.uid, request.owner.gid);
      this.#hold(execId, openSync(path, BOTH_ENDS));
    }
    const runtime = await this.#options.programs.commandOf(join(this.#options.execRoot, 'containers', id));
    const { deadlineMs } = this.#options;
    return { execId, id, directory, stdio, tty, consoleSize, runtime, deadlineMs, about };
  }

  async #streamsOf(
    { execId, tty, stdin, output }: ExecRequest,
    stdio: ExecOperation['stdio'],
  ): Promise<Pick<StartedExec, 'output' | 'stdin'>> {
    if (tty) {
      const master = await this.#takeTerminal(execId);
      return {
        output: { ptyMaster: duplicate(master) },
        ...(stdin && { stdin: writerOf(duplicate(master)) }),
      };
    }
    const writer = stdio.stdin === undefined ? undefined : this.#openStdin(execId, stdio.stdin);
    return {
      ...(output && {
        output: { stdio: { stdout: stdio.stdout ?? '', stderr: stdio.stderr ?? '', staging: '' } },
      }),
      ...(writer && { stdin: writer }),
    };
  }

  /** The process has opened its end by now, so that ours may be a writer alone: it sees the end of its input. */
  #openStdin(execId: string, path: string): DescriptorWriter | undefined {
    const streams = this.#streams.get(execId);
    // The first that was made.
    const both = streams?.pipes.shift();
    try {
      return writerOf(openFifoWriter(path));
    } catch {
      // It has ended, or closed its input.
      return undefined;
    } finally {
      if (both !== undefined) closeSync(both);
    }
  }

  async #takeTerminal(execId: string): Promise<number> {
    const { link } = this.#options;
    const { fd } = await link.request('execTerminal', { execId });
    const master = await link.takeDescriptor(fd);
    const streams = this.#streams.get(execId) ?? { pipes: [] };
    streams.ptyMaster = master;
    this.#streams.set(execId, streams);
    return master;
  }

  #hold(execId: string, fd: number): void {
    const streams = this.#streams.get(execId) ?? { pipes: [] };
    streams.pipes.push(fd);
    this.#streams.set(execId, streams);
  }

  /** What the container was started with. */
  #processOf(id: string): RuntimeProcess {
    const bundle = join(this.#options.execRoot, 'containers', id, 'config.json');
    return (JSON.parse(readFileSync(bundle, 'utf8')) as RuntimeSpec).process;
  }

  #records() {
    const directory = join(this.#options.execRoot, 'exec');
    return this.#names()
      .map((name) => readExec(join(directory, name)))
      .filter((record) => record !== undefined);
  }

  #names(): string[] {
    try {
      return readdirSync(join(this.#options.execRoot, 'exec'));
    } catch {
      // No keeper was ever here.
      return [];
    }
  }

  #directory(execId: string): string {
    return join(this.#options.execRoot, 'exec', execId);
  }
}

function writerOf(fd: number): DescriptorWriter {
  return new DescriptorWriter(
    fd,
    async () => {},
    () => {},
  );
}

function toEnd({ execId, status, at }: ExecExit): ExecEnd {
  return { execId, exitCode: status === undefined ? UNKNOWN_EXIT_CODE : decodeWaitStatus(status).code, at };
}
