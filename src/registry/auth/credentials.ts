import { createHash } from 'node:crypto';
import type { AuthConfig } from '../../spec/docker/mod.ts';

/** What a client gave us to show to a registry. */
export interface Credentials {
  username: string;
  password: string;
  /** An OAuth refresh token; used in place of the password. */
  identityToken: string;
  /** A bearer token that is sent as it is. */
  registryToken: string;
  /** Tells credentials apart in caches, without holding them. */
  key: string;
}

/** Credentials in a decoded `X-Registry-Auth`; undefined if there are none in it. */
export function credentialsOf(auth: AuthConfig | undefined): Credentials | undefined {
  let username = auth?.username ?? '';
  let password = auth?.password ?? '';
  if (username === '' && auth?.auth) {
    const decoded = Buffer.from(auth.auth, 'base64').toString();
    const colon = decoded.indexOf(':');
    if (colon > 0) {
      username = decoded.slice(0, colon);
      password = decoded.slice(colon + 1);
    }
  }
  const identityToken = auth?.identitytoken ?? '';
  const registryToken = auth?.registrytoken ?? '';
  if (username === '' && identityToken === '' && registryToken === '') return undefined;
  const all = JSON.stringify([username, password, identityToken, registryToken]);
  const key = createHash('sha256').update(all).digest('hex');
  return { username, password, identityToken, registryToken, key };
}

/** The value of an `Authorization` header. Spec: RFC 7617. */
export function basicAuth({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
