import { closeSync, constants, openSync } from 'node:fs';
import { errnoOf, messageOf } from '../../base/mod.ts';
import { bytesWaiting, readIntoAt, seekEnd, splice, truncateFile, writeAll } from '../../sys/mod.ts';
import { rotate } from '../files/generations.ts';
import type { Handover } from './handover.ts';
import type { LineEncoder } from './line-encoder.ts';
import { readNote, writeNote } from './note.ts';
import type { OpenLog } from './open-files.ts';
import type { FileDriver, SourceSpec, StreamName } from './protocol.ts';
import type { PeekPipe, Workbench } from './workbench.ts';

/** Writes one container's log; with a staging FIFO as a journal, so that a kill loses and doubles nothing. */
export class LogWriter {
  readonly #bench: Workbench;
  readonly #spec: SourceSpec;
  readonly #driver: FileDriver;
  readonly #handover: Handover;
  readonly #encoder: LineEncoder;
  readonly #tails: Record<StreamName, unknown>;
  #lost = 0;
  #unsent = 0;

  constructor(bench: Workbench, spec: SourceSpec, driver: FileDriver, handover: Handover) {
    this.#bench = bench;
    this.#spec = spec;
    this.#driver = driver;
    this.#handover = handover;
    this.#encoder = bench.encoders.of(driver.format);
    const tail = (stream: StreamName) => this.#encoder.tail(stream, spec.attrs);
    this.#tails = { stdout: tail('stdout'), stderr: tail('stderr') };
  }

  /** False while the receiver of its records is as far behind as it may be. */
  get open(): boolean {
    return this.#unsent < this.#driver.hold;
  }

  /** That many bytes of what was written are sent. */
  shipped(bytes: number): void {
    this.#unsent = Math.max(0, this.#unsent - bytes);
  }

  /**
   * Writes the finished lines (all, if `final`) of the bench's `input[from, to)`, moving each batch from `fifo`
   * through `staging`. Gives where it stopped.
   */
  moveLines(
    stream: StreamName,
    from: number,
    to: number,
    final: boolean,
    fifo: number,
    staging: number,
  ): number {
    return this.#eachBatch(stream, from, to, final, (files, size, bytes) => {
      if (!files) {
        this.#bench.discard(fifo, bytes);
        return;
      }
      writeNote(files.note, { stream, logSize: size, written: false });
      const moved = splice(fifo, staging, bytes);
      this.#append(files.log, size);
      writeNote(files.note, { stream, logSize: size, written: true });
      this.#bench.discard(staging, Math.max(0, moved));
      // The staging FIFO always has room for a batch (see Workbench.peekPipe); should it not, no byte stays.
      if (moved < bytes) this.#bench.discard(fifo, bytes - Math.max(0, moved));
    });
  }

  /** The same for bytes that exist in the bench's input only (a terminal). */
  writeLines(stream: StreamName, from: number, to: number, final: boolean): number {
    return this.#eachBatch(stream, from, to, final, (files, size) => {
      if (files) this.#append(files.log, size);
    });
  }

  #eachBatch(
    stream: StreamName,
    from: number,
    to: number,
    final: boolean,
    handle: (files: OpenLog | undefined, size: number, bytes: number) => void,
  ): number {
    const encoder = this.#encoder;
    const { maxSize } = this.#driver;
    let at = from;
    while (at < to) {
      let files = this.#open();
      let size = files ? seekEnd(files.log) : 0;
      if (files && size >= maxSize) {
        files = this.#rotate();
        size = files ? seekEnd(files.log) : 0;
      }
      const end = encoder.encode(at, to, this.#tails[stream], final, maxSize - size);
      if (end === at) break;
      handle(files, size, end - at);
      at = end;
    }
    if (at > from) this.#handover.grown();
    return at;
  }

  #open(): OpenLog | undefined {
    const notePath = this.#spec.stdio ? this.#spec.notePath : undefined;
    try {
      return this.#bench.files.open(this.#spec.path, notePath, this.#encoder);
    } catch (error) {
      if (errnoOf(error) === 'EMFILE' && this.#bench.files.closeAll() > 0) return this.#open();
      this.#complain('log cannot be opened, output is lost', error);
      return undefined;
    }
  }

  #rotate(): OpenLog | undefined {
    this.#bench.files.close(this.#spec.path);
    try {
      const { maxFiles, compress, format } = this.#driver;
      rotate(this.#spec.path, maxFiles);
      if (compress) this.#bench.post({ type: 'rotated', path: this.#spec.path, format });
    } catch (error) {
      this.#complain('log cannot be rotated', error);
    }
    return this.#open();
  }

  /** Compat: on a full disk lines are lost and the container goes on; a half record is taken back. */
  #append(log: number, size: number): void {
    try {
      const { records } = this.#encoder;
      writeAll(log, records, this.#spec.path);
      this.#unsent += records.length;
      this.#lost = 0;
    } catch (error) {
      this.#complain('log cannot be written, output is lost', error);
      try {
        truncateFile(log, size, this.#spec.path);
      } catch {
        // The next record starts a line of its own, and readers step over the broken one.
        this.#bench.files.close(this.#spec.path);
      }
    }
  }

  /** Says it once, and once more after each thousand batches. */
  #complain(message: string, error: unknown): void {
    if (this.#lost++ % 1000 !== 0) return;
    const code = errnoOf(error);
    this.#bench.trouble(message, {
      container: this.#spec.id,
      path: this.#spec.path,
      error: code ? `${code}: ${messageOf(error)}` : messageOf(error),
    });
  }

  /**
   * Settles the batch that a killed daemon left in the staging FIFO. Crash: dying in here leaves the same state;
   * the staging FIFO is emptied last.
   */
  recover(staging: number, peek: PeekPipe): void {
    const waiting = bytesWaiting(staging);
    if (waiting === 0) return;
    const note = readNote(this.#spec.notePath);
    if (!note?.written) {
      const log = openSync(this.#spec.path, constants.O_RDWR | constants.O_CREAT, 0o640);
      try {
        this.#appendAgain(log, staging, peek, note?.stream ?? 'stdout', note?.logSize);
      } finally {
        closeSync(log);
      }
    }
    this.#bench.discard(staging, waiting);
  }

  #appendAgain(log: number, staging: number, peek: PeekPipe, stream: StreamName, noted: number | undefined) {
    const encoder = this.#encoder;
    const count = this.#bench.look(staging, peek, this.#bench.input.length);
    const size = seekEnd(log);
    // A log that is shorter than noted was cut by somebody else: go on at its end.
    const start = noted === undefined || noted > size ? size : noted;
    const batch: Uint8Array[] = [];
    for (let at = 0; at < count; ) {
      at = encoder.encode(at, count, this.#tails[stream], true, Number.MAX_SAFE_INTEGER);
      batch.push(encoder.records.slice());
    }
    const records = Buffer.concat(batch);
    const written = new Uint8Array(Math.min(size - start, records.length + 1));
    readIntoAt(log, written, start);
    if (encoder.isSame(written, records)) return;
    truncateFile(log, start, this.#spec.path);
    seekEnd(log);
    writeAll(log, records, this.#spec.path);
  }
}
