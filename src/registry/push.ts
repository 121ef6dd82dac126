import type { Digest } from '../spec/digest.ts';
import type { Reference } from '../spec/reference.ts';
import { credentialsOf } from './auth/credentials.ts';
import type { Endpoint } from './endpoints.ts';
import { AnswerError } from './errors.ts';
import type { Answer } from './http/exchange.ts';
import { retrying } from './http/retry.ts';
import { TransportError } from './http/transport-error.ts';
import { pushError } from './push-error.ts';
import { cancelUpload, uploadBlob } from './push-upload.ts';
import type { PushTarget, RegistryOptions } from './registry.ts';
import type { RegistryRequest, Session } from './session.ts';

/** A push's way to one repository: requests with what they have in common. */
export class PushSession {
  readonly session: Session;
  readonly reference: Reference;
  readonly signal: AbortSignal | undefined;
  readonly #options: RegistryOptions;
  /** The registry has answered: what fails now is no first contact. */
  #met = false;
  /** Uploads that a mount opened and did not need, by the URL that goes on with them. */
  readonly spare: string[] = [];

  constructor(session: Session, reference: Reference, options: RegistryOptions) {
    this.session = session;
    this.reference = reference;
    this.signal = options.signal;
    this.#options = options;
  }

  /** The request `path` below the repository, or to a whole URL. */
  request(
    method: RegistryRequest['method'],
    path: string,
    more: Partial<RegistryRequest> = {},
  ): RegistryRequest {
    const repository = this.reference.path;
    return {
      method,
      path: /^https?:/.test(path) ? path : `/v2/${repository}/${path}`,
      scopes: [`repository:${repository}:pull,push`],
      credentials: credentialsOf(this.#options.auth),
      signal: this.signal,
      opening: !this.#met,
      ...more,
    };
  }

  /** One try. */
  async send(request: RegistryRequest): Promise<{ answer: Answer; endpoint: Endpoint }> {
    const sent = await this.session.withRegistry(this.reference.domain, async (endpoint) => ({
      answer: await this.session.send(endpoint, request),
      endpoint,
    }));
    this.#met = true;
    const { answer } = sent;
    if (answer.status < 300) return sent;
    await answer.body.discard();
    throw new AnswerError(answer.status, '', `received unexpected HTTP status: ${answer.statusText}`);
  }

  /** As `send`, tried again on what may pass; its answer's body is dropped. */
  async sendRetrying(request: RegistryRequest): Promise<Answer> {
    return await retrying(this.session.limits, this.signal, async () => {
      const { answer } = await this.send(request);
      await answer.body.discard();
      return answer;
    });
  }
}

/** See `Registry.push`. */
export function push(session: Session, reference: Reference, options: RegistryOptions): PushTarget {
  const target = new PushSession(session, reference, options);
  const guarded =
    <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      try {
        return await work(...args);
      } catch (error) {
        throw pushError(error);
      }
    };
  return {
    contact: guarded((digest) => contact(target, digest)),
    findBlob: guarded((digest) => findBlob(target, digest)),
    mountBlob: guarded((digest, from) => mountBlob(target, digest, from)),
    uploadBlob: guarded((open) => uploadBlob(target, open)),
    putManifest: guarded((tag, mediaType, bytes) => putManifest(target, tag, mediaType, bytes)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(target.spare.splice(0).map((location) => cancelUpload(target, location)));
    },
  };
}

/** Bytes of the blob, undefined if the repository has it not. */
export async function findBlob(target: PushSession, digest: Digest): Promise<number | undefined> {
  try {
    const answer = await target.sendRetrying(target.request('HEAD', `blobs/${digest}`));
    const size = Number(answer.headers['content-length'] ?? Number.NaN);
    return Number.isSafeInteger(size) ? size : undefined;
  } catch (error) {
    if (error instanceof AnswerError && error.status === 404) return undefined;
    throw error;
  }
}

/** Compat: Docker's first request is a ping, which needs no login: only that nobody is there ends a push at once. */
async function contact(target: PushSession, digest: Digest): Promise<boolean> {
  try {
    return (await findBlob(target, digest)) !== undefined;
  } catch (error) {
    if (error instanceof AnswerError) return false;
    if (error instanceof TransportError && error.failure === 'unauthorized') return false;
    throw error;
  }
}

/** Spec: OCI distribution spec, "Mounting a blob from another repository": 201 if it is, else an upload is open. */
async function mountBlob(target: PushSession, digest: Digest, from: string): Promise<boolean> {
  const query = new URLSearchParams({ from, mount: digest });
  const scopes = [...target.request('POST', '').scopes, `repository:${from}:pull`];
  const request = target.request('POST', `blobs/uploads/?${query}`, { scopes, body: new Uint8Array(0) });
  const { answer } = await target.send(request);
  await answer.body.discard();
  if (answer.status === 201) return true;
  const location = locationOf(answer);
  if (location) target.spare.push(location);
  return false;
}

async function putManifest(
  target: PushSession,
  tag: string,
  mediaType: string,
  bytes: Uint8Array,
): Promise<void> {
  const headers = { 'content-type': mediaType };
  await target.sendRetrying(target.request('PUT', `manifests/${tag}`, { headers, body: bytes }));
}

/** Where an upload goes on; an absolute URL. */
export function locationOf(answer: Answer): string | undefined {
  const { location } = answer.headers;
  const url = location === undefined ? undefined : URL.parse(location, answer.url.href);
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
