import { closeSync, constants, openSync } from 'node:fs';
import { growPipe } from '../../sys/mod.ts';
import { FifoStream, type Journal } from './fifo-stream.ts';
import { Handover } from './handover.ts';
import { LogWriter } from './log-writer.ts';
import type { SourceSpec } from './protocol.ts';
import { PtyStream } from './pty-stream.ts';
import { BATCH, type Workbench } from './workbench.ts';

/** One descriptor that the pump reads. */
export interface PumpStream {
  readonly fd: number;
  /** It stands in the pump's queue. */
  queued: boolean;
  /** Takes one batch; true if there may be more. */
  step(): boolean;
  /** Takes all that is there, unfinished lines too. */
  drain(): void;
  flush?(): void;
}

const PIPE_SIZE = 1024 * 1024;
/** With O_RDWR the pipe lives on while no writer or no daemon does, and there is no end of file. */
const FIFO_FLAGS = constants.O_RDWR | constants.O_NONBLOCK;

/** A registered container: its descriptors, its log and its clients. */
export class Source implements Disposable {
  readonly spec: SourceSpec;
  readonly handover: Handover;
  readonly streams: PumpStream[] = [];
  readonly #bench: Workbench;
  readonly #fds: number[] = [];
  #writer: LogWriter | undefined;

  /** Opens everything and settles what a killed daemon left. Closes what it opened if it fails. */
  constructor(bench: Workbench, spec: SourceSpec, epoch: number) {
    this.#bench = bench;
    this.spec = spec;
    this.handover = new Handover(bench, spec.key);
    this.handover.watch(epoch);
    try {
      this.#openStreams();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** False while its clients or its receiver have enough to do. */
  get open(): boolean {
    return this.handover.open && this.#writer?.open !== false;
  }

  /** That many bytes of its log are sent. */
  shipped(bytes: number): void {
    this.#writer?.shipped(bytes);
  }

  #openStreams(): void {
    const { spec } = this;
    const writer =
      spec.driver.kind === 'none' ? undefined : new LogWriter(this.#bench, spec, spec.driver, this.handover);
    this.#writer = writer;
    if (spec.ptyMaster !== undefined) {
      this.#fds.push(spec.ptyMaster);
      this.streams.push(new PtyStream(spec.ptyMaster, this.#bench, this.handover, writer));
    }
    if (!spec.stdio) return;
    const journal = writer && this.#openJournal(writer, spec.stdio.staging);
    for (const name of ['stdout', 'stderr'] as const) {
      const fd = this.#openFifo(spec.stdio[name], PIPE_SIZE).fd;
      this.streams.push(new FifoStream(fd, name, this.#bench, this.handover, journal));
    }
  }

  #openJournal(writer: LogWriter, path: string): Journal {
    const { fd: staging, capacity } = this.#openFifo(path, BATCH);
    const peek = this.#bench.peekPipe(capacity);
    writer.recover(staging, peek);
    return { writer, staging, peek };
  }

  #openFifo(path: string, wanted: number): { fd: number; capacity: number } {
    const fd = openSync(path, FIFO_FLAGS);
    this.#fds.push(fd);
    return { fd, capacity: growPipe(fd, wanted) };
  }

  [Symbol.dispose](): void {
    if (this.spec.driver.kind !== 'none') this.#bench.files.close(this.spec.path);
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}
