import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerId, newId } from '../../base/mod.ts';
import type { LogConfig } from '../../spec/docker/mod.ts';
import { makeFifo } from '../../sys/mod.ts';
import type { LogQuery, LogRecord, LogSource, LogTarget, OutputChunk } from '../logs.ts';

/** For tests: the FIFOs and files of a container without a container, with a writer in this process. */
export class FakeContainer implements Disposable {
  readonly id = newId<ContainerId>();
  readonly directory = mkdtempSync(join(tmpdir(), 'minke-logs-'));
  readonly config: LogConfig;
  readonly stdio = {
    stdout: join(this.directory, 'stdout'),
    stderr: join(this.directory, 'stderr'),
    staging: join(this.directory, 'staging'),
  };
  readonly #keeper: number[];

  constructor(config: LogConfig = { Type: 'json-file', Config: {} }) {
    this.config = config;
    for (const path of Object.values(this.stdio)) makeFifo(path, 0o600);
    // What the keeper does: hold them open, so that bytes stay when nobody else does.
    this.#keeper = Object.values(this.stdio).map((path) => openSync(path, 'r+'));
  }

  get target(): LogTarget {
    return {
      id: this.id,
      config: this.config,
      path: join(this.directory, 'c-json.log'),
      directory: this.directory,
      tty: false,
    };
  }

  get source(): LogSource {
    return {
      ...this.target,
      stdio: this.stdio,
      notePath: join(this.directory, 'note'),
      about: {
        ...{ id: this.id, name: 'fake', path: 'sh', args: ['-c', 'true'] },
        ...{ imageId: 'sha256:0', imageName: 'none', created: '2026-11-24T00:00:00Z', env: [], labels: {} },
      },
    };
  }

  /** Writes to a FIFO as a container does. */
  say(stream: 'stdout' | 'stderr', text: string | Uint8Array): void {
    const fd = this.#keeper[stream === 'stdout' ? 0 : 1] ?? -1;
    writeSync(fd, typeof text === 'string' ? Buffer.from(text) : text);
  }

  /** The text in the log file, as the driver wrote it. */
  get logText(): string {
    return readFileSync(this.target.path, 'utf8');
  }

  /** Descriptors of this process on its files, beside its own. */
  get descriptors(): number {
    return openUnder(this.directory) - this.#keeper.length;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#keeper) closeSync(fd);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export const ALL: LogQuery = { stdout: true, stderr: true, follow: false };

/** All records of a query. */
export async function collect(records: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

/** The lines of records. */
export function lines(records: LogRecord[]): string[] {
  return records.map((record) => Buffer.from(record.line).toString());
}

/** Takes chunks until their text is at least `length` long, or they end. */
export async function take(chunks: AsyncIterator<OutputChunk>, length = Infinity): Promise<string> {
  let text = '';
  while (text.length < length) {
    const { done, value } = await chunks.next();
    if (done) break;
    text += Buffer.from(value.data).toString('latin1');
  }
  return text;
}

function openUnder(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}
