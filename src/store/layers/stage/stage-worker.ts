import { parentPort, workerData } from 'node:worker_threads';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { Crc64 } from '../../../spec/tar/mod.ts';
import { trimProgramText } from '../../../sys/mod.ts';
import { LayerJob } from './layer-job.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { SocketReader } from './socket-reader.ts';

/** The thread that turns blobs into layers: several jobs in turn, each message worked off without waiting. */
const WINDOW_PAGES = 4;
const SCRATCH = 64 * 1024;
/** Bytes of a socket between two reports. */
const REPORT_BYTES = 1 << 20;

const port = parentPort;
if (!port) throw new Error('stage-worker runs as a worker thread');

const crc = new Crc64(WINDOW_PAGES);
const scratch = Buffer.alloc(SCRATCH);
const jobs = new Map<number, LayerJob>();
const sockets = new SocketReader((workerData as { wake: number }).wake);

function say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

/** Ends a job that went wrong; whatever still comes for it is given back unread. */
function fail(id: number, error: unknown): void {
  drop(id);
  const code = error instanceof EngineError ? error.code : 'internal';
  say({ kind: 'failed', job: id, code, message: messageOf(error) });
}

function drop(id: number): void {
  const job = jobs.get(id);
  jobs.delete(id);
  sockets.drop(id);
  try {
    job?.abort();
  } catch {
    // The store removes what is left in its staging directory when it opens.
  }
}

function begin(id: number, message: ToWorker & { kind: 'begin' }): void {
  jobs.set(id, new LayerJob(message.request, crc, scratch));
}

function readSocket(id: number, { fd, length, stallMs }: ToWorker & { kind: 'socket' }): void {
  let unreported = 0;
  const report = () => {
    if (unreported > 0) say({ kind: 'read', job: id, length: unreported });
    unreported = 0;
  };
  sockets.add(id, fd, length, stallMs, {
    bytes(bytes) {
      try {
        jobs.get(id)?.input(bytes);
      } catch (error) {
        fail(id, error);
        return;
      }
      unreported += bytes.length;
      if (unreported >= REPORT_BYTES) report();
    },
    ended(got, stalled) {
      report();
      say({ kind: 'drained', job: id, got, stalled });
    },
  });
  // It went wrong before the socket came.
  if (!jobs.has(id)) sockets.drop(id);
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
    else if (message.kind === 'bytes') jobs.get(id)?.input(Buffer.from(message.buffer, 0, message.length));
    else if (message.kind === 'socket') readSocket(id, message);
    else if (message.kind === 'end') {
      const result = jobs.get(id)?.finish();
      jobs.delete(id);
      if (result) say({ kind: 'done', job: id, result });
    }
  } catch (error) {
    fail(id, error);
  }
  if (message.kind === 'bytes') {
    say({ kind: 'taken', job: id, buffer: message.buffer, length: message.length }, [message.buffer]);
  } else if (message.kind === 'abort') {
    drop(id);
    say({ kind: 'aborted', job: id });
  }
}

port.on('message', handle);
