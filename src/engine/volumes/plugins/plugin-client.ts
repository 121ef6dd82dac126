import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { EngineError, messageOf } from '../../../base/mod.ts';
import { requireFreeDescriptors } from '../../../sys/mod.ts';
import type { PluginAddress, PluginTls } from './plugin-places.ts';

/** Spec: Docker's plugin protocol. */
const MEDIA_TYPE = 'application/vnd.docker.plugins.v1.2+json';
/** A list of 10,000 volumes is 2 MB. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Compat: moby `pkg/plugins/client.go`: a plugin that cannot be reached is tried again after 1, 2, 4, 8 s, 30 in all. */
const GIVE_UP_MS = 30_000;

/** The plugin could not be asked, or did not answer: it said neither yes nor no. */
export class PluginUnreachable extends EngineError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('internal', message, options);
  }
}

export interface CallOptions {
  timeoutMs: number;
  /** Try again for a while if there is nobody at the address. */
  retry: boolean;
}

/**
 * Calls a method of a plugin (`VolumeDriver.Mount`) and gives the JSON of its answer, which is a stranger's. Throws
 * PluginUnreachable, or `internal` with what the plugin says.
 */
export async function callPlugin(
  address: PluginAddress,
  method: string,
  body: unknown,
  { timeoutMs, retry }: CallOptions,
): Promise<unknown> {
  const began = performance.now();
  for (let pause = 1000; ; pause *= 2) {
    try {
      return await callOnce(address, method, body, timeoutMs);
    } catch (error) {
      const isLast = performance.now() - began + pause >= GIVE_UP_MS;
      if (!(error instanceof PluginUnreachable) || !retry || isLast || error.cause === 'timeout') throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

async function callOnce(
  address: PluginAddress,
  method: string,
  body: unknown,
  timeoutMs: number,
): Promise<unknown> {
  // The runtime does not outlive a connection that it finds no descriptor for.
  requireFreeDescriptors(8);
  const { request } =
    address.kind === 'tcp' && address.tls ? await import('node:https') : await import('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const where = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
  const content = body === undefined ? '' : JSON.stringify(body);
  const call = request(optionsFor(address, method, content), (response) => {
    readAnswer(response).then(resolve, reject);
  });
  const timer = setTimeout(() => {
    const why = `Post "http://${where}/${method}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
    reject(new PluginUnreachable(why, { cause: 'timeout' }));
    call.destroy();
  }, timeoutMs);
  call.on('error', (error) => {
    const why = `Post "http://${where}/${method}": ${messageOf(error)}`;
    reject(new PluginUnreachable(why, { cause: error }));
  });
  call.end(content);
  try {
    const { status, text } = await promise;
    if (status !== 200) throw new EngineError('internal', `${method}: ${errorIn(text)}`);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('internal', `${method}: error reading plugin resp: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    call.destroy();
  }
}

function optionsFor(address: PluginAddress, method: string, content: string): RequestOptions {
  const headers = {
    Accept: MEDIA_TYPE,
    'Content-Type': MEDIA_TYPE,
    'Content-Length': Buffer.byteLength(content),
    Connection: 'close',
  };
  const common = { method: 'POST', path: `/${method}`, headers, agent: false } as const;
  if (address.kind === 'unix') return { ...common, socketPath: address.path, host: 'plugin' };
  const { host, port, tls } = address;
  return { ...common, host, port, ...(tls && tlsOptions(tls)) };
}

function tlsOptions({ caFile, certFile, keyFile, insecure }: PluginTls): object {
  return {
    rejectUnauthorized: !insecure,
    ...(caFile && { ca: readFileSync(caFile) }),
    ...(certFile && { cert: readFileSync(certFile) }),
    ...(keyFile && { key: readFileSync(keyFile) }),
  };
}

async function readAnswer(response: IncomingMessage): Promise<{ status: number; text: string }> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST_BYTES) throw new EngineError('internal', 'the answer of the plugin is too long');
    pieces.push(piece);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') };
}

/** Compat: what a plugin says in `Err`, else all that it says. */
function errorIn(text: string): string {
  try {
    const { Err } = JSON.parse(text) as { Err?: unknown };
    if (typeof Err === 'string' && Err !== '') return Err.slice(0, 4096);
  } catch {
    // Not JSON.
  }
  return text.slice(0, 4096);
}
