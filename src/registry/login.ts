import { STATUS_CODES } from 'node:http';
import { EngineError } from '../base/mod.ts';
import type { AuthConfig } from '../spec/docker/mod.ts';
import { tokenRequest } from './auth/authorizer.ts';
import { parseChallenges } from './auth/challenge.ts';
import { basicAuth, type Credentials, credentialsOf } from './auth/credentials.ts';
import { fetchToken } from './auth/token.ts';
import type { Endpoint } from './endpoints.ts';
import { AnswerError, transportFailure } from './errors.ts';
import type { Outgoing } from './http/exchange.ts';
import type { Session } from './session.ts';

const SUCCEEDED = 'Login Succeeded';

/** See `Registry.login`. */
export async function login(
  session: Session,
  auth: AuthConfig,
  signal: AbortSignal | undefined,
): Promise<{ status: string; identityToken: string }> {
  const credentials = credentialsOf(auth);
  const domain = domainOf(auth.serveraddress);
  try {
    const identityToken = await session.withRegistry(domain, (endpoint) =>
      loginAt(session, endpoint, credentials, signal),
    );
    return { status: SUCCEEDED, identityToken };
  } catch (error) {
    throw transportFailure(error);
  }
}

/** Registry that an address of `docker login` means: a URL of the old API, a host, or Docker Hub. */
function domainOf(address = ''): string {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return /^(|docker\.io|index\.docker\.io|registry-1\.docker\.io)$/.test(host) ? 'docker.io' : host;
}

async function loginAt(
  session: Session,
  endpoint: Endpoint,
  credentials: Credentials | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const ping = async (authorization: string, opening: boolean) => {
    const request = { method: 'GET' as const, path: '/v2/', scopes: [], signal, authorization, opening };
    const answer = await session.sendRetrying(endpoint, request);
    await answer.body.discard();
  };
  try {
    await ping('', true);
    return '';
  } catch (error) {
    if (!(error instanceof AnswerError) || error.status !== 401) throw failed(endpoint, error);
    const challenge = parseChallenges(error.challenge).find(({ scheme }) => scheme === 'bearer');
    const access = { origin: endpoint.url.origin, scopes: [], credentials };
    const request = challenge && tokenRequest(challenge, access);
    let refreshToken = '';
    let authorization = credentials?.username ? basicAuth(credentials) : '';
    if (request) {
      const send = (outgoing: Outgoing) => session.sendAnonymous({ ...outgoing, signal });
      const token = await fetchToken({ ...request, offline: true }, send).catch((answer: unknown) => {
        throw refused(endpoint, answer);
      });
      authorization = `Bearer ${token.token}`;
      refreshToken = token.refreshToken;
    }
    await ping(authorization, false).catch((again: unknown) => {
      throw failed(endpoint, again);
    });
    return refreshToken;
  }
}

/** Compat: for the registry's own refusal, moby tells the status and not what is in the body. */
function failed({ url }: Endpoint, error: unknown): unknown {
  if (!(error instanceof AnswerError)) return error;
  const status = `${error.status} ${STATUS_CODES[error.status] ?? ''}`.trim();
  const message = `login attempt to ${url.origin}/v2/ failed with status: ${status}`;
  return new EngineError(error.status === 401 ? 'unauthorized' : 'internal', message, { cause: error });
}

/** A token server's refusal names the ping, as Docker's does. */
function refused({ url }: Endpoint, error: unknown): unknown {
  if (!(error instanceof AnswerError)) return error;
  const code = error.code === 'UNAUTHORIZED' || error.code === 'DENIED' ? 'unauthorized' : 'internal';
  return new EngineError(code, `Get "${new URL('/v2/', url).href}": ${error.message}`, { cause: error });
}
