import { parseTime } from '../json-file/time.ts';
import type { LogQuery, LogRecord } from '../logs.ts';
import type { Growth } from './growth.ts';
import { closeLog, type LogFile, openLog, openNeighbour } from './log-file.ts';
import { RecordReader } from './record-reader.ts';
import { findTail } from './tail.ts';

/**
 * The records of a json-file log across its rotated files; with `growth` (a live container) also those to come, until
 * the container ends. An abort ends it quietly. Compat: as on Docker `tail` counts records of both streams, before
 * `since` and the choice of streams.
 */
export async function* readRecords(
  path: string,
  query: LogQuery,
  growth: Growth | undefined,
): AsyncGenerator<LogRecord, void, undefined> {
  const files = growth ? await openWhenThere(path, query, growth) : await openLog(path);
  try {
    const start = query.tail === undefined ? { file: 0, offset: 0 } : await findTail(files, query.tail);
    for (const [index, file] of files.entries()) {
      if (index < start.file || isBefore(file, query, index === files.length - 1)) continue;
      const reader = new RecordReader(file, index === start.file ? start.offset : 0);
      if (index === files.length - 1 && growth) {
        yield* followFrom(path, reader, files, query, growth);
        return;
      }
      // Snapshot: a container that writes as fast as we read must not keep us.
      if (yield* passed(reader, query, file.size)) return;
      const last = reader.rest();
      if (last && (yield* choose([last], query))) return;
    }
  } finally {
    await closeLog(files);
  }
}

/** Nothing in a rotated file is younger than its last change. */
function isBefore(file: LogFile, query: LogQuery, current: boolean): boolean {
  return !current && query.since !== undefined && file.modified < query.since;
}

/** Waits for the first record to create the log. */
async function openWhenThere(path: string, query: LogQuery, growth: Growth): Promise<LogFile[]> {
  for (;;) {
    const ended = growth.ended;
    const grown = wait(growth, query);
    try {
      const files = await openLog(path);
      if (files.length > 0 || ended || (await grown.done) === 'stop') return files;
    } finally {
      grown.cancel();
    }
  }
}

async function* followFrom(
  path: string,
  reader: RecordReader,
  files: LogFile[],
  query: LogQuery,
  growth: Growth,
) {
  for (;;) {
    // Race: both asked before reading, so that nothing written later is missed.
    const ended = growth.ended;
    const grown = wait(growth, query);
    try {
      await reader.settle();
      if (yield* passed(reader, query, Infinity)) return;
      const next = await openNeighbour(path, reader.file, 'newer');
      if (next) {
        files.push(next);
        // What was written between our last look and the rotation.
        if (yield* passed(reader, query, Infinity)) return;
        const [old] = files.splice(files.indexOf(reader.file), 1);
        reader.switchTo(next);
        await old?.handle.close();
        continue;
      }
      if (ended || (await grown.done) === 'stop') return;
    } finally {
      grown.cancel();
    }
  }
}

/** Reads up to `end`; true if the query asks for nothing that comes later. */
async function* passed(
  reader: RecordReader,
  query: LogQuery,
  end: number,
): AsyncGenerator<LogRecord, boolean> {
  for (let records = await reader.read(end); records; records = await reader.read(end)) {
    if (yield* choose(records, query)) return true;
    if (query.signal?.aborted) return true;
  }
  return query.signal?.aborted ?? false;
}

function* choose(records: LogRecord[], query: LogQuery): Generator<LogRecord, boolean> {
  const { since, until } = query;
  for (const record of records) {
    if (since !== undefined || until !== undefined) {
      const time = parseTime(record.time);
      if (time === undefined || (since !== undefined && time < since)) continue;
      if (until !== undefined && time > until) return true;
    }
    if (record.stream === 'stdout' ? query.stdout : query.stderr) yield record;
  }
  return false;
}

/** Waits for growth, an abort or the query's end of time. */
function wait(growth: Growth, query: LogQuery): { done: Promise<'grown' | 'stop'>; cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<'grown' | 'stop'>();
  const forget = growth.next(() => resolve('grown'));
  const stop = () => resolve('stop');
  query.signal?.addEventListener('abort', stop);
  if (query.signal?.aborted) stop();
  const timer = query.until === undefined ? undefined : setTimeout(stop, msUntil(query.until));
  const cancel = () => {
    forget();
    query.signal?.removeEventListener('abort', stop);
    clearTimeout(timer);
  };
  return { done: promise, cancel };
}

function msUntil(time: bigint): number {
  const ms = Number(time / 1_000_000n) - Date.now() + 1;
  return Math.min(Math.max(ms, 0), 2 ** 31 - 1);
}
