import { EngineError } from '../../base/mod.ts';
import type { Containers, LogsOptions } from '../../engine/containers/mod.ts';
import { frameHeader, STDERR, STDOUT } from '../../spec/docker/mod.ts';
import { CoalescingWriter } from '../http/coalesce.ts';
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../http/hijack.ts';
import { type Reply, stream } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { Route } from '../http/route.ts';
import { parseTimestamp } from '../http/timestamp.ts';

type LogRecord =
  Awaited<ReturnType<Containers['logs']>>['records'] extends AsyncIterable<infer R> ? R : never;

export function logsRoute(containers: Pick<Containers, 'logs'>): Route {
  return { method: 'GET', path: '/containers/*name/logs', handle: (request) => logs(containers, request) };
}

async function logs(containers: Pick<Containers, 'logs'>, request: ApiRequest): Promise<Reply> {
  const { query, version } = request;
  const { tty, records } = await containers.logs(request.param('name'), optionsOf(request));
  const show = { timestamps: query.bool('timestamps'), details: query.bool('details') };
  const contentType = tty || version.below('1.42') ? RAW_STREAM : MULTIPLEXED_STREAM;
  return stream(contentType, async (out) => {
    out.begin();
    const writer = new CoalescingWriter((data) => out.write(data));
    for await (const record of records) {
      const parts = linesOf(record, show);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const header = frameHeader(record.stream === 'stderr' ? STDERR : STDOUT, length);
      await (tty ? writer.append(...parts) : writer.append(header, ...parts));
    }
    await writer.flush();
  });
}

function optionsOf({ query, signal }: ApiRequest): LogsOptions {
  const stdout = query.bool('stdout');
  const stderr = query.bool('stderr');
  if (!stdout && !stderr) {
    throw new EngineError('invalid', 'Bad parameters: you must choose at least one stream');
  }
  const since = parseTimestamp(query.text('since'));
  const until = parseTimestamp(query.text('until'));
  const tail = tailOf(query.text('tail'));
  return {
    stdout,
    stderr,
    follow: query.bool('follow'),
    signal,
    ...(tail === undefined ? {} : { tail }),
    // Compat: 0 is how clients say "no bound".
    ...(since === undefined || since === 0n ? {} : { since }),
    ...(until === undefined || until === 0n ? {} : { until }),
  };
}

/** Compat: whatever is not a number of lines (`all`, '', -1) means all of them. */
function tailOf(text: string): number | undefined {
  return /^\+?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function linesOf(record: LogRecord, show: { timestamps: boolean; details: boolean }): Uint8Array[] {
  let prefix = '';
  if (show.timestamps) prefix += `${withNanoseconds(record.time)} `;
  if (show.details) prefix += `${detailsOf(record.attrs ?? {})} `;
  return prefix === '' ? [record.line] : [Buffer.from(prefix), record.line];
}

/** RFC 3339 with all nine digits: drivers leave out trailing zeros, Docker's output does not. */
function withNanoseconds(time: string): string {
  const match = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d+))?(.*)$/.exec(time);
  return match ? `${match[1]}.${(match[2] ?? '').padEnd(9, '0')}${match[3]}` : time;
}

function detailsOf(attrs: Record<string, string>): string {
  const escaped = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return Object.keys(attrs)
    .sort()
    .map((key) => `${escaped(key)}=${escaped(attrs[key] ?? '')}`)
    .join(',');
}
