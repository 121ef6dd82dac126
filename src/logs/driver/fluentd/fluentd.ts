import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { EngineError } from '../../../base/mod.ts';
import { Connection } from '../connection.ts';
import type { LogMessage, OpenSender, SenderContext } from '../sender.ts';
import { EventTime, type Packable, pack } from './msgpack.ts';
import { fluentdOptions } from './options.ts';

const ACK_MS = 30_000;

/**
 * Sends to a fluentd or Fluent Bit. Spec: forward protocol, 1.2: Forward mode, with `chunk` and `ack` where asked for.
 * Compat: moby `daemon/logger/fluentd`: the fields of a record.
 */
export const openFluentd: OpenSender = async (context, { eager, signal }) => {
  const options = fluentdOptions(context.options);
  const { address } = options;
  const host = 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {};
  const connection = new Connection(address, options.tls ? host : undefined);
  if (eager && !options.async) await connection.open(signal);
  return {
    retry: { first: options.retryWait, factor: 1.5, longest: 60_000, tries: options.maxRetries + 1 },
    async send(messages: LogMessage[], sending: AbortSignal) {
      const entries = messages.map((message): Packable => {
        const time = options.subSecond ? new EventTime(message.time) : Number(message.time / 1_000_000_000n);
        return [time, recordOf(context, message)];
      });
      const chunk = options.requestAck ? randomBytes(16).toString('base64') : undefined;
      const option = { size: entries.length, ...(chunk ? { chunk } : {}) };
      const acknowledged = chunk ? waitForAck(connection, chunk, sending) : undefined;
      await connection.write(pack([context.tag, entries, option]), sending);
      await acknowledged;
    },
    close: () => connection.close(),
  };
};

function recordOf(context: SenderContext, message: LogMessage): Record<string, Packable> {
  const { partial } = message;
  return {
    container_id: context.id,
    // Compat: with its slash.
    container_name: `/${context.name}`,
    source: message.stream,
    log: message.line,
    ...context.attrs,
    ...(partial
      ? {
          partial_message: 'true',
          partial_id: partial.id,
          partial_ordinal: String(partial.ordinal),
          partial_last: String(partial.last),
        }
      : {}),
  };
}

/** Spec: the answer is `{"ack": chunk}`; there is nothing else on that way. */
function waitForAck(connection: Connection, chunk: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // The write may fail first, and says why.
  promise.catch(() => {});
  const wanted = Buffer.concat([Buffer.from('ack'), Buffer.from([0xa0 | chunk.length]), Buffer.from(chunk)]);
  let heard = Buffer.alloc(0);
  const fail = () => {
    connection.drop();
    reject(new EngineError('timeout', 'fluent#write: error reading message response ack'));
  };
  const timer = setTimeout(fail, ACK_MS);
  timer.unref();
  signal.addEventListener('abort', fail, { once: true });
  connection.hear((bytes) => {
    heard = Buffer.concat([heard, bytes]).subarray(-1024);
    if (heard.includes(wanted)) resolve();
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', fail);
    connection.hear(undefined);
  });
}
