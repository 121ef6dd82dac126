import { EngineError } from '../base/mod.ts';
import type { Descriptor } from '../spec/oci/image.ts';
import type { Reference } from '../spec/reference.ts';
import { repositoryRequest } from './documents.ts';
import type { Endpoint } from './endpoints.ts';
import { AnswerError, pullError } from './errors.ts';
import { stallReason } from './http/body.ts';
import type { Answer } from './http/exchange.ts';
import { Retry } from './http/retry.ts';
import { TransportError } from './http/transport-error.ts';
import { type BlobPiece, LentSocket, type TakeDescriptor } from './lent-socket.ts';
import type { RegistryOptions } from './registry.ts';
import type { Session } from './session.ts';

/** Progress that wipes out earlier failures: a connection reset every few bytes must come to an end. */
const PROGRESS_BYTES = 1 << 20;

/** What a blob is fetched with. */
export interface FetchOptions extends RegistryOptions {
  offset?: number;
  /** The reader can go on from a socket. */
  lend?: TakeDescriptor | undefined;
}

/** See `Registry.fetchBlob`. */
export function fetchBlob(
  session: Session,
  reference: Reference,
  descriptor: Descriptor,
  options: RegistryOptions & { offset?: number },
): AsyncGenerator<Buffer, void, void> {
  return streamBlob(session, reference, descriptor, options) as AsyncGenerator<Buffer, void, void>;
}

/** See `Registry.streamBlob`; all pieces are bytes unless `lend` is given. */
export async function* streamBlob(
  session: Session,
  reference: Reference,
  descriptor: Descriptor,
  options: FetchOptions,
): AsyncGenerator<BlobPiece, void, void> {
  const { size } = descriptor;
  const retry = new Retry(session.limits, options.signal);
  let at = options.offset ?? 0;
  let counted = at;
  if (at > size) throw new EngineError('invalid', `offset ${at} is beyond the blob's ${size} bytes`);
  while (at < size) {
    try {
      for await (const chunk of await open(session, reference, descriptor, at, options)) {
        if (at + chunk.length > size) throw tooLong(descriptor);
        if (chunk instanceof LentSocket) {
          yield chunk;
          at += chunk.got;
          if (chunk.stalled) throw stalled(reference, descriptor, chunk.stallMs);
        } else {
          at += chunk.length;
          yield chunk;
        }
      }
      if (at < size) throw truncated(reference, descriptor);
    } catch (error) {
      if (at - counted >= PROGRESS_BYTES) retry.reset();
      counted = at;
      await retry.pause(error).catch((final: unknown) => {
        throw pullError(final, reference);
      });
    }
  }
}

/** Opens the blob at `offset`, at the first endpoint that has it. */
async function open(
  session: Session,
  reference: Reference,
  descriptor: Descriptor,
  offset: number,
  options: FetchOptions,
): Promise<AsyncGenerator<BlobPiece, void, void>> {
  const request = repositoryRequest(reference, `blobs/${descriptor.digest}`, options);
  const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
  return await session.withEndpoint(reference.domain, async (endpoint: Endpoint) => {
    try {
      const answer = await session.send(endpoint, { ...request, headers, lend: options.lend });
      const start = startOf(answer, offset);
      const length = answer.headers['content-length'];
      if (start === undefined || (length !== undefined && Number(length) + start > descriptor.size)) {
        answer.body.destroy();
        throw tooLong(descriptor);
      }
      return skip(answer.body.chunks(), offset - start);
    } catch (error) {
      // Compat: Docker drops what the registry says here.
      if (error instanceof AnswerError && error.status === 404) {
        throw new EngineError('not-found', 'unknown blob', { cause: error });
      }
      throw error;
    }
  });
}

/** Where in the blob the body begins; undefined if that is not where we can go on from. */
function startOf({ status, headers }: Answer, offset: number): number | undefined {
  if (status === 200) return 0;
  if (status !== 206) return undefined;
  const start = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '')?.[1];
  return start !== undefined && Number(start) <= offset ? Number(start) : undefined;
}

/** Drops the first `bytes` of what comes, from a server that does not do ranges. */
async function* skip(
  source: AsyncGenerator<BlobPiece, void, void>,
  bytes: number,
): AsyncGenerator<BlobPiece, void, void> {
  let left = bytes;
  for await (const chunk of source) {
    // A server that does not do ranges is never asked for its socket.
    if (chunk instanceof LentSocket || left === 0) yield chunk;
    else if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

function tooLong({ digest, size }: Descriptor): EngineError {
  return new EngineError(
    'corrupt',
    `blob ${digest} does not have the ${size} bytes that its manifest declares`,
  );
}

function truncated(reference: Reference, descriptor: Descriptor): TransportError {
  return new TransportError('GET', urlOf(reference, descriptor), 'reset', 'unexpected EOF');
}

function stalled(reference: Reference, descriptor: Descriptor, stallMs: number): TransportError {
  return new TransportError('GET', urlOf(reference, descriptor), 'stalled', stallReason(stallMs));
}

function urlOf({ domain, path }: Reference, { digest }: Descriptor): URL {
  return new URL(`https://${domain}/v2/${path}/blobs/${digest}`);
}
