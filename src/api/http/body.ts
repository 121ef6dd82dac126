import type { Readable } from 'node:stream';
import { EngineError } from '../../base/mod.ts';
import { type Codec, decode } from './go-json.ts';
import { syntaxSentence } from './go-json-syntax.ts';
import { parseExact } from './json-text.ts';

/** More JSON than any client has to say. */
const MAX_JSON = 8 * 1024 * 1024;
/** How much of a body that is too large is read and dropped, so that its client gets to see the answer. */
const MAX_DISCARD = 1024 * 1024 * 1024;

/** What of a request the readers below need. */
export interface BodySource {
  readonly contentType: string | undefined;
  /** Bytes, or undefined where the length is not announced (chunked). */
  readonly contentLength: number | undefined;
  readonly body: Readable | AsyncIterable<Uint8Array>;
}

/**
 * Reads a JSON body into `codec`'s type. An empty body is undefined to the codec.
 * Compat: moby's `httputils.ReadJSON`, sentences included; `required` is how `/containers/create` reads.
 */
export async function readJson<T>(
  source: BodySource,
  codec: Codec<T>,
  options: { required?: boolean } = {},
): Promise<T> {
  checkContentType(source);
  if (source.contentLength === 0 && !options.required) return decode(codec, undefined);
  const text = await readText(source.body, MAX_JSON);
  return decode(codec, parseJson(text));
}

/** Parses `text` or throws `invalid` with the sentence of Go's decoder. */
export function parseJson(text: string): unknown {
  if (text.trim() === '')
    throw new EngineError('invalid', 'invalid JSON: got EOF while reading request body');
  try {
    return parseExact(text);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const sentence = syntaxSentence(text);
    const message = sentence.endsWith('after top-level value')
      ? 'unexpected content after JSON'
      : `invalid JSON: ${sentence}`;
    throw new EngineError('invalid', message, { cause });
  }
}

/** Throws `invalid` unless the body is announced as JSON; no body needs no announcement. */
function checkContentType(source: Pick<BodySource, 'contentType' | 'contentLength'>): void {
  const type = source.contentType ?? '';
  if (type === '' && source.contentLength === 0) return;
  if (type === '') throw new EngineError('invalid', 'malformed Content-Type header (): mime: no media type');
  const media = type.split(';')[0]?.trim().toLowerCase();
  if (media !== 'application/json') {
    throw new EngineError('invalid', `unsupported Content-Type header (${type}): must be 'application/json'`);
  }
}

/** Reads all of `body` as UTF-8. What is beyond `max` bytes is dropped, then refused. */
async function readText(body: AsyncIterable<Uint8Array>, max: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length <= max) chunks.push(chunk);
    else chunks.length = 0;
    if (length > MAX_DISCARD) break;
  }
  if (length > max) throw new EngineError('invalid', 'invalid JSON: http: request body too large');
  return Buffer.concat(chunks).toString('utf8');
}
