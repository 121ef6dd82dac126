import { getServers } from 'node:dns';
import { errnoOf, messageOf } from '../../base/mod.ts';
import { ProxyError } from './tunnel.ts';

/** Why no (whole) answer came. */
export type TransportFailure =
  | 'refused'
  | 'lookup'
  | 'unreachable'
  | 'plain-http'
  | 'certificate'
  | 'protocol'
  | 'reset'
  | 'stalled'
  | 'unauthorized'
  | 'cancelled';

/** A request that got no answer, or an answer that broke off. The sentence is the one Go's HTTP client has. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly failure: TransportFailure;
  readonly reason: string;
  /** It ended an operation's first request: asking the same peer again is hardly worth the wait. */
  firstContact = false;

  constructor(method: string, url: URL, failure: TransportFailure, reason: string, cause?: unknown) {
    super(`${goMethod(method)} "${printable(url)}": ${reason}`, { cause });
    this.failure = failure;
    this.reason = reason;
  }
}

/** What `error`, from a socket or from the HTTP parser, means. */
export function transportError(method: string, url: URL, error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  const { failure, reason } = explain(url, innermost(error));
  return new TransportError(method, url, failure, reason, error);
}

/** The peer did not answer in time. */
export function timedOut(method: string, url: URL, phase: 'dial' | 'handshake' | 'head'): TransportError {
  const reasons = {
    dial: `dial tcp ${url.host}: i/o timeout`,
    handshake: 'net/http: TLS handshake timeout',
    head: 'net/http: timeout awaiting response headers',
  };
  return new TransportError(method, url, 'stalled', reasons[phase]);
}

/** A URL for messages: without credentials and without the query, where signatures are. */
function printable(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function goMethod(method: string): string {
  return method.slice(0, 1) + method.slice(1).toLowerCase();
}

/** With several addresses to one name there is one error for each; the first is the one to tell. */
function innermost(error: unknown): unknown {
  const inner = (error as { errors?: unknown } | null)?.errors;
  return Array.isArray(inner) && inner.length > 0 ? inner[0] : error;
}

const CONNECT: Record<string, [TransportFailure, string]> = {
  ECONNREFUSED: ['refused', 'connection refused'],
  EHOSTUNREACH: ['unreachable', 'no route to host'],
  ENETUNREACH: ['unreachable', 'network is unreachable'],
  ETIMEDOUT: ['unreachable', 'connection timed out'],
  EADDRNOTAVAIL: ['unreachable', 'cannot assign requested address'],
};

const UNKNOWN_AUTHORITY = 'x509: certificate signed by unknown authority';
const CERTIFICATE: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
};

function explain(url: URL, error: unknown): { failure: TransportFailure; reason: string } {
  const code = errnoOf(error) ?? '';
  const message = messageOf(error);
  if (error instanceof ProxyError) return { failure: 'unreachable', reason: message };
  const connect = (error as { syscall?: unknown } | null)?.syscall === 'connect' ? CONNECT[code] : undefined;
  if (connect) {
    return { failure: connect[0], reason: `dial tcp ${addressOf(url, error)}: connect: ${connect[1]}` };
  }
  if (code === 'ENOTFOUND') return { failure: 'lookup', reason: `${lookup(url)}: no such host` };
  if (code === 'EAI_AGAIN') return { failure: 'lookup', reason: `${lookup(url)}: server misbehaving` };
  if (/wrong.version.number/i.test(message) || code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return { failure: 'plain-http', reason: 'http: server gave HTTP response to HTTPS client' };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const reason = `tls: failed to verify certificate: x509: certificate is not valid for ${url.hostname}`;
    return { failure: 'certificate', reason };
  }
  const certificate = CERTIFICATE[code];
  if (certificate) {
    return { failure: 'certificate', reason: `tls: failed to verify certificate: ${certificate}` };
  }
  if (code.startsWith('HPE_')) return { failure: 'protocol', reason: 'malformed HTTP response' };
  const alert = /ALERT_([A-Z_]+)/.exec(message)?.[1]?.toLowerCase().replaceAll('_', ' ');
  if (alert) return { failure: 'protocol', reason: `remote error: tls: ${alert}` };
  if (/SSL|TLS|EPROTO/.test(code)) return { failure: 'protocol', reason: `tls: ${message}` };
  if (code === 'ECONNRESET' && message !== 'socket hang up') {
    return { failure: 'reset', reason: 'read: connection reset by peer' };
  }
  if (code === 'EPIPE') return { failure: 'reset', reason: 'write: broken pipe' };
  return { failure: 'reset', reason: code === '' || code === 'ECONNRESET' ? 'EOF' : message };
}

function addressOf(url: URL, error: unknown): string {
  const { address, port } = error as { address?: unknown; port?: unknown };
  const host = typeof address === 'string' ? address : url.hostname.replace(/^\[|\]$/g, '');
  const at = typeof port === 'number' ? port : url.port || (url.protocol === 'https:' ? '443' : '80');
  return `${host.includes(':') ? `[${host}]` : host}:${at}`;
}

function lookup(url: URL): string {
  const [server] = getServers();
  const at = server === undefined ? '' : /:\d+$/.test(server) ? ` on ${server}` : ` on ${server}:53`;
  return `dial tcp: lookup ${url.hostname}${at}`;
}
