import type { IncomingHttpHeaders } from 'node:http';
import { EngineError } from '../base/mod.ts';
import { familiarName, familiarRepository, type Reference } from '../spec/reference.ts';
import { list, object, type Shape, shapedOr, withDefault } from '../spec/shape.ts';
import { type Challenge, parseChallenges } from './auth/challenge.ts';
import type { Answer } from './http/exchange.ts';
import { TransportError } from './http/transport-error.ts';

/** An answer that is an error. `code` is the registry's (`MANIFEST_UNKNOWN`), '' if it gave none. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status: number;
  readonly code: string;
  /** What `Retry-After` asked for. */
  readonly retryAfterMs: number | undefined;
  /** The `WWW-Authenticate` of a 401. */
  readonly challenge: string | undefined;

  constructor(status: number, code: string, message: string, headers: IncomingHttpHeaders = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfter(headers['retry-after']);
    this.challenge = headers['www-authenticate'];
  }
}

const MAX_ERROR_BODY = 64 << 10;

/** Spec: OCI distribution spec, "Error Codes"; the texts are what a registry says when it gives only the code. */
const CODE_MESSAGES: Record<string, string> = {
  BLOB_UNKNOWN: 'blob unknown to registry',
  DENIED: 'requested access to the resource is denied',
  DIGEST_INVALID: 'provided digest did not match uploaded content',
  MANIFEST_BLOB_UNKNOWN: 'blob unknown to registry',
  MANIFEST_INVALID: 'manifest invalid',
  MANIFEST_UNKNOWN: 'manifest unknown',
  NAME_INVALID: 'invalid repository name',
  NAME_UNKNOWN: 'repository name not known to registry',
  SIZE_INVALID: 'provided length did not match content length',
  TAG_INVALID: 'manifest tag did not match URI',
  TOOMANYREQUESTS: 'too many requests',
  UNAUTHORIZED: 'authentication required',
  UNAVAILABLE: 'service unavailable',
  UNSUPPORTED: 'The operation is unsupported.',
};

const lenientText: Shape<string> = (value) => (typeof value === 'string' ? value : '');
const errorBody = object({
  errors: withDefault(list(object({ code: lenientText, message: lenientText })), []),
  details: lenientText,
});

/** Reads an answer that is no success, its body included. Compat: distribution's `HandleErrorResponse`. */
export async function readAnswerError(answer: Answer): Promise<AnswerError> {
  const { status, code, message } = await readBody(answer);
  return new AnswerError(status, code, message, answer.headers);
}

async function readBody(answer: Answer): Promise<AnswerError> {
  const { status, statusText, headers } = answer;
  if (status < 400 || status >= 500) {
    await answer.body.discard();
    return new AnswerError(status, '', `received unexpected HTTP status: ${statusText}`);
  }
  const body = (await answer.body.bytes(MAX_ERROR_BODY).catch(() => undefined))?.toString() ?? '';
  const bearer = parseChallenges(headers['www-authenticate']).find(isOAuthError);
  if (bearer) {
    const code = bearer.parameters.get('error') === 'invalid_token' ? 'UNAUTHORIZED' : 'DENIED';
    return coded(status, code, bearer.parameters.get('error_description') ?? '');
  }
  return parseErrorBody(status, body);
}

/** Spec: RFC 9110, 10.2.3: seconds, or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function isOAuthError({ scheme, parameters }: Challenge): boolean {
  return scheme === 'bearer' && /^(invalid_token|insufficient_scope)$/.test(parameters.get('error') ?? '');
}

function parseErrorBody(status: number, body: string): AnswerError {
  const { json, syntaxError } = parseJson(body);
  const { errors, details } = shapedOr(errorBody, json, { errors: [], details: '' });
  const byStatus: Record<number, string> = { 401: 'UNAUTHORIZED', 429: 'TOOMANYREQUESTS' };
  if (details) return coded(status, byStatus[status] ?? 'UNKNOWN', details);
  const [first] = errors;
  if (first) return coded(status, first.code || 'UNKNOWN', first.message);
  if (status === 401) return coded(status, 'UNAUTHORIZED', '');
  const why = syntaxError ?? 'no error details found in HTTP response body';
  const message = `error parsing HTTP ${status} response body: ${why}: ${JSON.stringify(body.slice(0, 1024))}`;
  return new AnswerError(status, '', message);
}

/** The reason in the words of Go's decoder, as far as the first byte tells. */
function parseJson(body: string): { json?: unknown; syntaxError?: string } {
  try {
    return { json: JSON.parse(body) };
  } catch {
    const first = body.trimStart()[0];
    if (first === undefined || first === '{' || first === '[')
      return { syntaxError: 'unexpected end of JSON input' };
    return { syntaxError: `invalid character '${first}' looking for beginning of value` };
  }
}

function coded(status: number, code: string, message: string): AnswerError {
  const known = code in CODE_MESSAGES ? code : 'UNKNOWN';
  const label = known.toLowerCase().replaceAll('_', ' ');
  return new AnswerError(status, known, `${label}: ${message || CODE_MESSAGES[known] || 'unknown error'}`);
}

/**
 * What failed while pulling `reference`, in the sentence that a Docker client gets. Compat: moby's
 * `translatePullError`: what is unknown or denied is `not-found`, all else `internal` (a refused login too: 401 would
 * make old clients ask for a password).
 */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof AnswerError)) return transportFailure(error);
  const repository = familiarRepository(reference);
  const prefixes: Record<string, string> = {
    DENIED: `pull access denied for ${repository}, repository does not exist or may require 'docker login'`,
    MANIFEST_UNKNOWN: `manifest for ${familiarName(reference)} not found`,
    NAME_UNKNOWN: `repository ${repository} not found`,
  };
  const prefix = prefixes[error.code];
  if (prefix) return new EngineError('not-found', `${prefix}: ${error.message}`, { cause: error });
  return new EngineError('internal', error.message, { cause: error });
}

/** A TransportError as an EngineError; anything else as it is. */
export function transportFailure(error: unknown): unknown {
  if (!(error instanceof TransportError)) return error;
  if (error.failure === 'cancelled')
    return new EngineError('cancelled', 'context canceled', { cause: error });
  return new EngineError(error.failure === 'stalled' ? 'timeout' : 'internal', error.message, {
    cause: error,
  });
}
