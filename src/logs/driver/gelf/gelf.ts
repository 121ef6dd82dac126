import { deflateSync, gzipSync } from 'node:zlib';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { joinHostPort } from '../address.ts';
import { Connection } from '../connection.ts';
import { Datagrams } from '../datagrams.ts';
import type { LogMessage, OpenSender, Sender, SenderContext } from '../sender.ts';
import { gelfDatagrams, gelfExtra, gelfMessage } from './message.ts';
import { type GelfOptions, gelfOptions } from './options.ts';

const END = Buffer.from([0]);

/** Sends to a Graylog (or Logstash, Fluentd) by UDP or TCP. Compat: moby `daemon/logger/gelf`: empty lines are not sent. */
export const openGelf: OpenSender = async (context, { eager, signal }) => {
  const options = gelfOptions(context.options);
  try {
    return options.scheme === 'udp'
      ? await overUdp(context, options)
      : await overTcp(context, options, eager, signal);
  } catch (error) {
    const where = joinHostPort(options.host, options.port);
    throw new EngineError(
      'unavailable',
      `gelf: cannot connect to GELF endpoint: ${where} ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
};

async function overUdp(context: SenderContext, options: GelfOptions): Promise<Sender> {
  const socket = await Datagrams.open(options.host, options.port);
  const extra = gelfExtra(context);
  const pack = packer(options);
  return {
    async send(messages: LogMessage[]) {
      for (const message of messages) {
        if (message.line.length === 0) continue;
        const datagrams = gelfDatagrams(pack(gelfMessage(context.hostname, extra, message)));
        // Too long even in 128 pieces: nobody could take it.
        for (const datagram of datagrams ?? []) await socket.send(datagram);
      }
    },
    close: async () => socket[Symbol.dispose](),
  };
}

async function overTcp(
  context: SenderContext,
  options: GelfOptions,
  eager: boolean,
  signal: AbortSignal,
): Promise<Sender> {
  const { host, port, maxReconnect, reconnectDelay } = options;
  const connection = new Connection({ scheme: 'tcp', host, port });
  if (eager) await connection.open(signal);
  const extra = gelfExtra(context);
  return {
    // Compat: a message is given up after so many tries.
    retry: { first: reconnectDelay, factor: 1, longest: reconnectDelay, tries: maxReconnect + 1 },
    async send(messages, sending) {
      const texts = messages
        .filter(({ line }) => line.length > 0)
        .flatMap((message) => [gelfMessage(context.hostname, extra, message), END]);
      if (texts.length > 0) await connection.write(Buffer.concat(texts), sending);
    },
    close: () => connection.close(),
  };
}

function packer({ compression, level }: GelfOptions): (bytes: Buffer) => Uint8Array {
  switch (compression) {
    case 'none':
      return (bytes) => bytes;
    case 'gzip':
      return (bytes) => gzipSync(bytes, { level });
    case 'zlib':
      return (bytes) => deflateSync(bytes, { level });
  }
}
