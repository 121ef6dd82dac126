import { FORMATS, type FormatName } from '../files/record-format.ts';
import { parseTime } from '../json-file/time.ts';
import type { LogQuery, LogRecord } from '../logs.ts';
import { BEGINNING, findTail } from './find-tail.ts';
import type { Growth } from './growth.ts';
import { closeLog, type LogFile, openLog, openNeighbour } from './log-file.ts';
import { RecordReader } from './record-reader.ts';

/** Where a log is, and how it is written. */
export interface LogPlace {
  path: string;
  format: FormatName;
}

/**
 * The records of a log across its rotated files; with `growth` (a live container) also those to come, until
 * the container ends. An abort ends it quietly. Compat: as on Docker `tail` counts records of both streams, before
 * `since` and the choice of streams.
 */
export async function* readRecords(
  place: LogPlace,
  query: LogQuery,
  growth: Growth | undefined,
): AsyncGenerator<LogRecord, void, undefined> {
  for await (const batch of batches(place, query, growth)) for (const record of batch) yield record;
}

/** Why not record by record: each level of generators costs every record several turns of the microtask queue. */
type Batches<Result> = AsyncGenerator<LogRecord[], Result, undefined>;

async function* batches(
  { path, format: name }: LogPlace,
  query: LogQuery,
  growth: Growth | undefined,
): Batches<void> {
  const format = FORMATS[name];
  const files = growth ? await openWhenThere(path, query, growth) : await openLog(path);
  try {
    const start = query.tail === undefined ? BEGINNING : await findTail(format, files, query.tail);
    let skip = start.skip;
    for (const [index, file] of files.entries()) {
      const current = index === files.length - 1;
      if (index < start.file || isBefore(file, query, current)) continue;
      const reader = new RecordReader(format, file, index === start.file ? start.offset : 0);
      if (index === start.file && skip > 0) {
        // What is passed over stands in a file that is complete, or damaged.
        const kept = await passOver(reader, skip, file.size);
        skip = 0;
        if (kept.length > 0 && (yield* chosen(kept, query))) return;
      }
      if (current && growth) {
        yield* followFrom(path, reader, files, query, growth);
        return;
      }
      // Snapshot: a container that writes as fast as we read must not keep us.
      if (yield* passed(reader, query, file.size)) return;
      const last = reader.rest();
      if (last && (yield* chosen([last], query))) return;
    }
  } finally {
    await closeLog(files);
  }
}

/** Reads `count` records; gives those of the same piece that follow them. */
async function passOver(reader: RecordReader, count: number, end: number): Promise<LogRecord[]> {
  let left = count;
  for (let records = await reader.read(end); records; records = await reader.read(end)) {
    if (records.length > left) return records.slice(left);
    left -= records.length;
  }
  return [];
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
      if (files.length > 0 || ended || (await grown.done) !== 'grown') return files;
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
  for (let late = false; ; ) {
    // Race: both asked before reading, so that nothing written later is missed.
    const ended = growth.ended || late;
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
        await old?.source.close();
        continue;
      }
      if (ended) return;
      const why = await grown.done;
      if (why === 'abort') return;
      // What was written until then is still read.
      late = why === 'late';
    } finally {
      grown.cancel();
    }
  }
}

/** Reads up to `end`; true if the query asks for nothing that comes later. */
async function* passed(reader: RecordReader, query: LogQuery, end: number): Batches<boolean> {
  for (let records = await reader.read(end); records; records = await reader.read(end)) {
    if (yield* chosen(records, query)) return true;
    if (query.signal?.aborted) return true;
  }
  return query.signal?.aborted ?? false;
}

async function* chosen(records: LogRecord[], query: LogQuery): Batches<boolean> {
  const { since, until } = query;
  let past = false;
  const batch = records.filter((record) => {
    if (since !== undefined || until !== undefined) {
      const time = parseTime(record.time);
      if (time === undefined || (since !== undefined && time < since)) return false;
      past ||= until !== undefined && time > until;
    }
    return !past && (record.stream === 'stdout' ? query.stdout : query.stderr);
  });
  if (batch.length > 0) yield batch;
  return past;
}

type Wakeup = 'grown' | 'abort' | 'late';

/** Waits for growth, an abort or the query's end of time. */
function wait(growth: Growth, query: LogQuery): { done: Promise<Wakeup>; cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<Wakeup>();
  const forget = growth.next(() => resolve('grown'));
  const stop = () => resolve('abort');
  query.signal?.addEventListener('abort', stop);
  if (query.signal?.aborted) stop();
  const late = () => resolve('late');
  const timer = query.until === undefined ? undefined : setTimeout(late, msUntil(query.until));
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
