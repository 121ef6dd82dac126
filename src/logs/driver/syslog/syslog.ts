import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { EngineError } from '../../../base/mod.ts';
import { UnixDatagrams } from '../../../sys/mod.ts';
import { type Address, dialError } from '../address.ts';
import { Connection } from '../connection.ts';
import { Datagrams } from '../datagrams.ts';
import type { LogMessage, OpenSender, Sender } from '../sender.ts';
import { sendUnixDatagram } from '../unix-datagram.ts';
import { type SyslogLayout, syslogMessage } from './format.ts';
import { type SyslogOptions, syslogOptions } from './options.ts';

/** Where a syslog of this machine listens. Compat: in this order, datagrams before streams. */
const LOCAL = ['/dev/log', '/var/run/syslog', '/var/run/log'];

/** Sends to a syslog by UDP, TCP, TLS or a unix socket. Compat: moby `daemon/logger/syslog`. */
export const openSyslog: OpenSender = async (context, { eager, signal }) => {
  const options = syslogOptions(context.options);
  const secure = options.address?.scheme === 'tcp+tls';
  const layout: SyslogLayout = {
    facility: options.facility,
    format: options.format,
    counted: secure && options.format.startsWith('rfc5424'),
  };
  const way = await openWay(options, eager, signal);
  return {
    async send(messages: LogMessage[], sending: AbortSignal) {
      const texts = messages.map((message) => syslogMessage(layout, context, message));
      await way.send(texts, sending);
    },
    close: () => way.close(),
  } satisfies Sender;
};

interface Way {
  send(texts: Uint8Array[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

async function openWay(options: SyslogOptions, eager: boolean, signal: AbortSignal): Promise<Way> {
  const { address } = options;
  if (!address) return localWay();
  switch (address.scheme) {
    case 'udp':
      return udpWay(address.host, address.port);
    case 'unixgram':
      return unixWay(address.path);
    default:
      return streamWay(
        address,
        address.scheme === 'tcp+tls' ? tlsOptions(options, address) : undefined,
        eager,
        signal,
      );
  }
}

async function streamWay(
  address: Address,
  tls: ConnectionOptions | undefined,
  eager: boolean,
  signal: AbortSignal,
): Promise<Way> {
  const connection = new Connection(address, tls);
  if (eager) await connection.open(signal);
  return {
    send: (texts, sending) => connection.write(Buffer.concat(texts), sending),
    close: () => connection.close(),
  };
}

async function udpWay(host: string, port: number): Promise<Way> {
  const socket = await Datagrams.open(host, port);
  return {
    async send(texts) {
      for (const text of texts) await socket.send(text);
    },
    close: async () => socket[Symbol.dispose](),
  };
}

function unixWay(path: string): Way {
  let socket: UnixDatagrams;
  try {
    socket = new UnixDatagrams(path);
  } catch (error) {
    throw dialError('unixgram', path, error);
  }
  return {
    async send(texts, signal) {
      for (const text of texts) await sendUnixDatagram(socket, text, signal);
    },
    close: async () => socket[Symbol.dispose](),
  };
}

/** The syslog of this machine, wherever it listens. */
async function localWay(): Promise<Way> {
  for (const path of LOCAL) {
    try {
      return unixWay(path);
    } catch {
      // The next one, or none.
    }
  }
  const { signal } = new AbortController();
  for (const path of LOCAL) {
    try {
      return await streamWay({ scheme: 'unix', path }, undefined, true, signal);
    } catch {
      // See above.
    }
  }
  throw new EngineError('unavailable', 'Unix syslog delivery error');
}

function tlsOptions({ tls }: SyslogOptions, address: Address): ConnectionOptions {
  const host = 'host' in address ? address.host : '';
  return {
    ...(tls.ca ? { ca: readCertificate(tls.ca) } : {}),
    ...(tls.cert && tls.key ? { cert: readCertificate(tls.cert), key: readCertificate(tls.key) } : {}),
    rejectUnauthorized: !tls.skipVerify,
    ...(isIP(host) ? {} : { servername: host }),
  };
}

function readCertificate(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new EngineError(
      'invalid',
      `could not read CA certificate "${path}": open ${path}: no such file or directory`,
      {
        cause,
      },
    );
  }
}
