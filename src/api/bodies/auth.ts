import type { AuthConfig } from '../../spec/docker/mod.ts';
import { type Codec, decode, optional, string, struct } from '../http/go-json.ts';

/** Spec: Engine API, `AuthConfig`; the `email` of old clients is ignored. */
export const authConfig: Codec<AuthConfig> = struct<AuthConfig>('AuthConfig', {
  username: optional(string),
  password: optional(string),
  auth: optional(string),
  serveraddress: optional(string),
  identitytoken: optional(string),
  registrytoken: optional(string),
});

/** Decodes `X-Registry-Auth`. Compat: what cannot be decoded is no error, it means no credentials. */
export function authHeader(header: string | string[] | undefined): AuthConfig | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    return decode(authConfig, JSON.parse(Buffer.from(header, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}
