import type { LogMessage, SenderContext } from '../sender.ts';
import type { SplunkOptions } from './options.ts';

/**
 * One event of the HTTP Event Collector as JSON; undefined for what it refuses. Compat: moby `daemon/logger/splunk`:
 * `inline` and `json` wrap the line (in `json` as JSON where it is some), `raw` puts tag and attributes before it.
 */
export function splunkEvent(
  options: SplunkOptions,
  context: SenderContext,
  message: LogMessage,
): string | undefined {
  const line = Buffer.from(message.line).toString();
  // Compat: an empty `tag` takes it away.
  const tag = context.options['tag'] === '' ? '' : context.tag;
  const event = eventOf(options.format, line, message.stream, tag, context.attrs);
  if (event === undefined) return undefined;
  const micros = message.time / 1000n;
  const head = {
    time: `${micros / 1_000_000n}.${(micros % 1_000_000n).toString().padStart(6, '0')}`,
    host: context.hostname,
    ...(options.source === '' ? {} : { source: options.source }),
    ...(options.sourceType === '' ? {} : { sourcetype: options.sourceType }),
    ...(options.index === '' ? {} : { index: options.index }),
  };
  return `{"event":${event},${JSON.stringify(head).slice(1)}`;
}

function eventOf(
  format: SplunkOptions['format'],
  line: string,
  source: string,
  tag: string,
  attrs: Record<string, string>,
): string | undefined {
  if (format === 'raw') {
    if (line.trim() === '') return undefined;
    const pairs = Object.entries(attrs).map(([key, value]) => `${key}=${value} `);
    return JSON.stringify(`${tag === '' ? '' : `${tag} `}${pairs.join('')}${line}`);
  }
  const text = format === 'json' && isJson(line) ? line : JSON.stringify(line);
  const rest = {
    source,
    ...(tag === '' ? {} : { tag }),
    ...(Object.keys(attrs).length > 0 ? { attrs } : {}),
  };
  return `{"line":${text},${JSON.stringify(rest).slice(1)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
