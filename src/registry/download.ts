import { EngineError, type ErrorCode } from '../base/mod.ts';
import { transportFailure } from './errors.ts';
import type { Answer } from './http/exchange.ts';
import { TransportError } from './http/transport-error.ts';
import type { Download } from './registry.ts';
import type { Session } from './session.ts';

const MAX_REASON = 4096;

/** See `Registry.download`. One try: whoever typed the URL sees what became of it. */
export async function download(session: Session, text: string, signal: AbortSignal): Promise<Download> {
  const url = parseDownloadUrl(text);
  try {
    const answer = await session.fetchUrl(bare(url), { headers: loginOf(url), signal });
    if (answer.status >= 400) throw await refusal(url, answer);
    const length = answer.headers['content-length'];
    return { bytes: bytesOf(answer), length: length === undefined ? undefined : Number(length) };
  } catch (error) {
    throw inGoWords(error);
  }
}

/** Compat: Go's wording. */
function parseDownloadUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || url.hostname === '')
    throw new EngineError('invalid', `parse ${JSON.stringify(text)}: invalid URL`);
  if (/^https?:$/.test(url.protocol)) return url;
  const scheme = url.protocol.slice(0, -1);
  throw new EngineError('invalid', `Get "${shown(url)}": unsupported protocol scheme "${scheme}"`);
}

function bare(url: URL): URL {
  const copy = new URL(url);
  [copy.username, copy.password] = ['', ''];
  return copy;
}

/** What a name and password in the URL open; `follow` shows it to no other host. */
function loginOf({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

async function* bytesOf({ body }: Answer): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body.chunks()) yield chunk as Uint8Array;
  } catch (error) {
    throw inGoWords(error);
  }
}

const CODES: Record<number, ErrorCode> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'denied',
  404: 'not-found',
};

/** Compat: moby's `GetWithStatusError`. */
async function refusal(url: URL, { status, statusText, body }: Answer): Promise<EngineError> {
  let reason = '';
  try {
    for await (const chunk of body.chunks()) {
      reason += String(chunk);
      if (reason.length > MAX_REASON) break;
    }
  } catch {
    reason = 'error reading body';
  }
  const message = `failed to GET ${shown(url)} with status ${statusText}: ${reason.slice(0, MAX_REASON).trim()}`;
  return new EngineError(CODES[status] ?? 'unavailable', message);
}

/** Nobody there, or broken off, is `unavailable`: it is no registry, and no mistake of ours. */
function inGoWords(error: unknown): unknown {
  if (!(error instanceof TransportError) || error.failure === 'cancelled') return transportFailure(error);
  return new EngineError('unavailable', error.message, { cause: error });
}

/** Without a password. */
function shown(url: URL): string {
  const copy = new URL(url);
  if (copy.password !== '') copy.password = 'xxxxx';
  return copy.href;
}
