import { object, shapedOr, text, withDefault } from '../../spec/shape.ts';
import { AnswerError, readAnswerError } from '../errors.ts';
import type { Answer, Outgoing } from '../http/exchange.ts';
import { basicAuth, type Credentials } from './credentials.ts';

/** What is asked of a token server. Spec: distribution, "Token Authentication" and "OAuth2 Token Authentication". */
export interface TokenRequest {
  realm: URL;
  service: string;
  /** `repository:library/busybox:pull` */
  scopes: string[];
  credentials?: Credentials | undefined;
  /** Ask for a refresh token as well, for `docker login`. */
  offline?: boolean;
}

export interface Token {
  token: string;
  refreshToken: string;
  /** On the clock of `performance.now()`. */
  expiresAt: number;
}

/** Sends a request with retries but without authorization. */
export type Send = (outgoing: Outgoing) => Promise<Answer>;

const CLIENT_ID = 'docker';
const MAX_BODY = 1 << 20;
/** Spec: a token without `expires_in` lives for 60 seconds, and none shorter. */
const MIN_LIFE_SECONDS = 60;
const MAX_LIFE_SECONDS = 24 * 3600;
/** A token is not used in its last seconds: the registry's clock may be ahead. */
const MARGIN_SECONDS = 10;

const lenientSeconds = (value: unknown) => (typeof value === 'number' ? value : undefined);
const tokenBody = object({
  token: withDefault(text, ''),
  access_token: withDefault(text, ''),
  refresh_token: withDefault(text, ''),
  expires_in: lenientSeconds,
});

/** Fetches a token: by POST with an identity token, else by GET with user and password, or anonymously. */
export async function fetchToken(request: TokenRequest, send: Send): Promise<Token> {
  const answer = await send(request.credentials?.identityToken ? byPost(request) : byGet(request));
  if (answer.status < 200 || answer.status > 299) throw await readAnswerError(answer);
  const bytes = await answer.body.bytes(MAX_BODY);
  const body = shapedOr(tokenBody, parseJson(bytes), undefined);
  if (!body) throw new AnswerError(answer.status, '', 'unable to decode token response');
  const token = body.token || body.access_token;
  if (!token) {
    throw new AnswerError(answer.status, '', 'authorization server did not include a token in the response');
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new AnswerError(answer.status, '', 'authorization server gave a malformed token');
  }
  const life = Math.min(MAX_LIFE_SECONDS, Math.max(MIN_LIFE_SECONDS, body.expires_in ?? 0));
  return {
    token,
    refreshToken: body.refresh_token,
    expiresAt: performance.now() + (life - MARGIN_SECONDS) * 1000,
  };
}

function byGet({ realm, service, scopes, credentials, offline }: TokenRequest): Outgoing {
  const url = new URL(realm);
  if (service) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (offline) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', CLIENT_ID);
  }
  if (!credentials?.username) return { method: 'GET', url, headers: {} };
  url.searchParams.set('account', credentials.username);
  return { method: 'GET', url, headers: { authorization: basicAuth(credentials) } };
}

function byPost({ realm, service, scopes, credentials }: TokenRequest): Outgoing {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service,
    client_id: CLIENT_ID,
    refresh_token: credentials?.identityToken ?? '',
  });
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url: realm, headers, body: Buffer.from(form.toString()) };
}

function parseJson(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString() ?? '');
  } catch {
    return undefined;
  }
}
