import type { ClientRequest, IncomingMessage } from 'node:http';
import { EngineError, type ErrorCode, messageOf } from '../../base/mod.ts';

/** As many as Go's client follows. */
const MAX_REDIRECTS = 10;
/** A server may be slow, but not silent. */
const SILENCE_MS = 60_000;
const MAX_REASON = 4096;

export interface Download {
  bytes: AsyncIterable<Uint8Array>;
  /** Bytes, if the server says. */
  length: number | undefined;
}

/**
 * Fetches what a user named by URL, and follows redirects. Throws in the words of Docker's `GetWithStatusError`; the
 * bytes reject if they end before the length that was announced.
 */
export async function download(url: URL, signal: AbortSignal): Promise<Download> {
  let at = url;
  for (let redirects = 0; ; redirects++) {
    const response = await get(at, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw failed(at, `stopped after ${MAX_REDIRECTS} redirects`);
      at = target(headers.location, at);
      continue;
    }
    if (statusCode >= 400) throw await refusal(url, response);
    const length = headers['content-length'];
    return { bytes: bytesOf(at, response), length: length === undefined ? undefined : Number(length) };
  }
}

/** `http:` and `https:` only; throws `invalid` for anything else. Compat: Go's wording. */
export function parseDownloadUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (!url || url.hostname === '')
    throw new EngineError('invalid', `parse ${JSON.stringify(text)}: invalid URL`);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw failed(url, `unsupported protocol scheme "${url.protocol.slice(0, -1)}"`, 'invalid');
}

function target(location: string, base: URL): URL {
  const url = parseDownloadUrl(location, base);
  // What a name and password in the URL open does not open elsewhere.
  if (url.host === base.host) [url.username, url.password] = [base.username, base.password];
  return url;
}

async function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const { get: send } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return await new Promise((resolve, reject) => {
    const auth =
      url.username === ''
        ? {}
        : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` };
    const request: ClientRequest = send(url, {
      signal,
      agent: false,
      ...auth,
      headers: { 'User-Agent': 'minke' },
    });
    request.setTimeout(SILENCE_MS, () => request.destroy(new Error('i/o timeout')));
    request.on('response', resolve);
    request.on('error', (error) => {
      if (signal.aborted) reject(new EngineError('cancelled', 'context canceled', { cause: error }));
      else reject(failed(url, reason(error, url)));
    });
  });
}

async function* bytesOf(url: URL, response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (cause) {
    throw new EngineError('unavailable', `Get "${shown(url)}": unexpected EOF`, { cause });
  }
  if (!response.complete) throw new EngineError('unavailable', `Get "${shown(url)}": unexpected EOF`);
}

const CODES: Record<number, ErrorCode> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'denied',
  404: 'not-found',
};

async function refusal(url: URL, response: IncomingMessage): Promise<EngineError> {
  const { statusCode = 0, statusMessage = '' } = response;
  let text = '';
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > MAX_REASON) break;
    }
  } catch {
    text = 'error reading body';
  }
  return new EngineError(
    CODES[statusCode] ?? 'unavailable',
    `failed to GET ${shown(url)} with status ${statusCode} ${statusMessage}: ${text.slice(0, MAX_REASON).trim()}`,
  );
}

function failed(url: URL, why: string, code: ErrorCode = 'unavailable'): EngineError {
  return new EngineError(code, `Get "${shown(url)}": ${why}`);
}

/** Without a password. */
function shown(url: URL): string {
  const copy = new URL(url);
  if (copy.password !== '') copy.password = 'xxxxx';
  return copy.href;
}

function reason(error: unknown, url: URL): string {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const code = (error as { code?: unknown }).code;
  if (code === 'ECONNREFUSED' || code === 'ConnectionRefused') {
    return `dial tcp ${url.hostname}:${port}: connect: connection refused`;
  }
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${url.hostname}: no such host`;
  return messageOf(error);
}
