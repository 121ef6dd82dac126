import { parentPort, workerData } from 'node:worker_threads';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { Crc64 } from '../../../spec/tar/mod.ts';
import { trimProgramText } from '../../../sys/mod.ts';
import { LayerJob } from './layer-job.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { SocketReader } from './socket-reader.ts';
import { Spool } from './spool.ts';

/** The thread that turns blobs into layers: several jobs in turn, each message worked off without waiting. */
const WINDOW_PAGES = 4;
const SCRATCH = 64 * 1024;
/** Bytes of a socket, or of a spool, between two reports. */
const REPORT_BYTES = 1 << 20;

interface Active {
  job: LayerJob;
  spool: Spool | undefined;
}

const port = parentPort;
if (!port) throw new Error('stage-worker runs as a worker thread');

const crc = new Crc64(WINDOW_PAGES);
const scratch = Buffer.alloc(SCRATCH);
const jobs = new Map<number, Active>();
const sockets = new SocketReader((workerData as { wake: number }).wake);

function say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

/** Ends a job that went wrong; whatever still comes for it is given back unread. */
function fail(id: number, error: unknown): void {
  // Its bytes are wrong, or the disk is full.
  jobs.get(id)?.spool?.discard();
  drop(id, 'read to its end');
  const code = error instanceof EngineError ? error.code : 'internal';
  say({ kind: 'failed', job: id, code, message: messageOf(error) });
}

/** Gives a job up; its spool stays. What happens to its socket is of account only where that goes back. */
function drop(id: number, socket: 'read to its end' | 'given back'): void {
  const active = jobs.get(id);
  jobs.delete(id);
  if (socket === 'given back') sockets.giveBack(id);
  else sockets.ignore(id);
  active?.spool?.close();
  try {
    active?.job.abort();
  } catch {
    // The store removes what is left in its staging directory when it opens.
  }
}

function begin(id: number, { request }: ToWorker & { kind: 'begin' }): void {
  const job = new LayerJob(request, crc, scratch);
  const isThere = request.replay !== undefined && request.replay > 0;
  const active: Active = { job, spool: request.spool ? openSpool(request.spool, isThere) : undefined };
  jobs.set(id, active);
  if (isThere) replay(id, active, Buffer.alloc(REPORT_BYTES));
}

/** A pull does without where there is no room for it. */
function openSpool(path: string, isThere: boolean): Spool | undefined {
  try {
    return new Spool(path, isThere);
  } catch {
    return undefined;
  }
}

/** Works off what is in the spool, a piece at a time, so that other jobs and messages have their turns. */
function replay(id: number, active: Active, buffer: Buffer): void {
  if (jobs.get(id) !== active) return;
  try {
    const count = active.spool?.replay(buffer) ?? 0;
    if (count > 0) {
      active.job.input(buffer.subarray(0, count));
      say({ kind: 'read', job: id, length: count });
      setImmediate(() => replay(id, active, buffer));
    } else say({ kind: 'replayed', job: id, length: active.spool?.length ?? 0 });
  } catch (error) {
    fail(id, error);
  }
}

function input(id: number, bytes: Buffer): void {
  const active = jobs.get(id);
  active?.job.input(bytes);
  active?.spool?.append(bytes);
}

function finish(id: number): void {
  const active = jobs.get(id);
  if (!active) return;
  const result = active.job.finish();
  active.spool?.discard();
  jobs.delete(id);
  say({ kind: 'done', job: id, result });
}

function readSocket(id: number, { fd, ...what }: ToWorker & { kind: 'socket' }): void {
  let unreported = 0;
  const report = () => {
    if (unreported > 0) say({ kind: 'read', job: id, length: unreported });
    unreported = 0;
  };
  sockets.add(id, fd, what, {
    bytes(bytes) {
      try {
        input(id, bytes);
      } catch (error) {
        fail(id, error);
        return;
      }
      unreported += bytes.length;
      if (unreported >= REPORT_BYTES) report();
    },
    ended(got, stalled, back) {
      report();
      say({ kind: 'drained', job: id, got, stalled, back });
    },
  });
  // It went wrong before the socket came.
  if (!jobs.has(id)) sockets.ignore(id);
}

function handle(message: ToWorker): void {
  if (message.kind === 'quit') {
    sockets.close();
    trimProgramText();
    port?.close();
    return;
  }
  const { job: id } = message;
  try {
    if (message.kind === 'begin') begin(id, message);
    else if (message.kind === 'bytes') input(id, Buffer.from(message.buffer, 0, message.length));
    else if (message.kind === 'socket') readSocket(id, message);
    else if (message.kind === 'end') finish(id);
  } catch (error) {
    fail(id, error);
  }
  if (message.kind === 'bytes') {
    say({ kind: 'taken', job: id, buffer: message.buffer, length: message.length }, [message.buffer]);
  } else if (message.kind === 'abort') {
    if (!message.keep) jobs.get(id)?.spool?.discard();
    drop(id, 'given back');
    say({ kind: 'aborted', job: id });
  }
}

port.on('message', handle);
