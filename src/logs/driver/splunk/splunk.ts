import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { gzipSync } from 'node:zlib';
import { EngineError } from '../../../base/mod.ts';
import { dialError } from '../address.ts';
import { goDuration } from '../go-values.ts';
import type { LogMessage, OpenSender } from '../sender.ts';
import { splunkEvent } from './event.ts';
import { type SplunkOptions, splunkOptions } from './options.ts';

const BATCH = 1000;
const FREQUENCY_MS = 5000;
const TIMEOUT_MS = 30_000;

/** Sends to Splunk's HTTP Event Collector. Compat: moby `daemon/logger/splunk`, its variables of the environment too. */
export const openSplunk: OpenSender = async (context, { eager, signal }) => {
  const options = splunkOptions(context.options);
  const collector = new Collector(options);
  if (eager && options.verify) await collector.verify(signal);
  return {
    batch: { most: batchSize(), linger: frequency() },
    async send(messages: LogMessage[], sending: AbortSignal) {
      const events = messages.flatMap((message) => splunkEvent(options, context, message) ?? []);
      if (events.length > 0) await collector.post(events.join(''), sending);
    },
    close: async () => collector.close(),
  };
};

class Collector {
  readonly #options: SplunkOptions;
  readonly #agent: Agent | PlainAgent;
  readonly #channel = randomUUID();

  constructor(options: SplunkOptions) {
    this.#options = options;
    this.#agent =
      options.url.protocol === 'https:'
        ? new Agent({ keepAlive: true })
        : new PlainAgent({ keepAlive: true });
  }

  async verify(signal: AbortSignal): Promise<void> {
    await this.#ask('OPTIONS', undefined, {}, 'failed to verify connection', signal);
  }

  async post(text: string, signal: AbortSignal): Promise<void> {
    const { token, gzip, level, acknowledgment } = this.#options;
    const body = gzip ? gzipSync(text, { level }) : Buffer.from(text);
    const headers = {
      Authorization: `Splunk ${token}`,
      ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
      ...(acknowledgment ? { 'X-Splunk-Request-Channel': this.#channel } : {}),
    };
    await this.#ask('POST', body, headers, 'failed to send event', signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(
    method: string,
    body: Buffer | undefined,
    headers: Record<string, string>,
    failure: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { url, insecure, caPath, caName } = this.#options;
    const secure = url.protocol === 'https:';
    const ask = secure ? request : plainRequest;
    const { promise, resolve, reject } = Promise.withResolvers<{ response: IncomingMessage; text: string }>();
    const sent = ask(url, {
      method,
      agent: this.#agent,
      headers: { ...headers, 'Content-Length': body?.length ?? 0 },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      ...(secure ? { rejectUnauthorized: !insecure } : {}),
      ...(secure && caPath ? { ca: readFileSync(caPath) } : {}),
      ...(secure && caName ? { servername: caName } : {}),
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        if (text.length < 4096) text += piece;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ response, text }));
    });
    sent.end(body);
    const { response, text } = await promise.catch((error: unknown) => {
      const name = method === 'OPTIONS' ? 'Options' : 'Post';
      throw new EngineError(
        'unavailable',
        `${name} "${url.href}": ${dialError('tcp', url.host, error).message}`,
        {
          cause: error,
        },
      );
    });
    if (response.statusCode === 200) return;
    const status = `${response.statusCode} ${response.statusMessage}`;
    throw new EngineError('unavailable', `splunk: ${failure} - ${status} - ${text}`);
  }
}

function batchSize(): number {
  const text = process.env['SPLUNK_LOGGING_DRIVER_POST_MESSAGES_BATCH_SIZE'] ?? '';
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : BATCH;
}

function frequency(): number {
  const text = process.env['SPLUNK_LOGGING_DRIVER_POST_MESSAGES_FREQUENCY'];
  try {
    return text ? goDuration(text) : FREQUENCY_MS;
  } catch {
    return FREQUENCY_MS;
  }
}
