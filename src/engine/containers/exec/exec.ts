import type { StdinWriter } from '../../../runtime/mod.ts';
import type { Container } from '../container.ts';
import type { ExecCreateRequest } from './execs.ts';

/** What is asked of an exec, complete: also what is on disk of one that runs. */
export type ExecSettings = Required<ExecCreateRequest>;

/** A process beside a container's first one, in memory. */
export class Exec {
  readonly id: string;
  readonly container: Container;
  readonly settings: ExecSettings;
  status: 'created' | 'starting' | 'running' | 'ended' = 'created';
  pid = 0;
  /** Of one that has ended, or could not be started. */
  exitCode: number | undefined;
  /** Milliseconds since the process of this daemon began: when it ended. */
  endedAt = 0;
  /** Its input, while it runs with one. */
  stdin: StdinWriter | undefined;
  /** The log pump reads what it says. */
  outputIsRead = false;
  /** Ends its set-up. */
  readonly setUp = new AbortController();
  readonly #begun = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();

  constructor(id: string, container: Container, settings: ExecSettings) {
    this.id = id;
    this.container = container;
    this.settings = settings;
  }

  get running(): boolean {
    return this.status === 'starting' || this.status === 'running';
  }

  /** Command and arguments as events have them. */
  get words(): string {
    const [entrypoint = '', ...args] = this.settings.cmd;
    return `${entrypoint} ${args.join(' ')}`;
  }

  /** Resolves once its start has succeeded or failed. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Resolves once its exit was told. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  markBegun(): void {
    this.#begun.resolve();
  }

  markOver(): void {
    this.#begun.resolve();
    this.#over.resolve();
  }

  markEnded(exitCode: number): void {
    this.status = 'ended';
    this.exitCode = exitCode;
    this.endedAt = performance.now();
  }
}
