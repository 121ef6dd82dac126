import type { AuthConfig } from '../../spec/docker/mod.ts';
import { nodeFs } from '../lazy-node.ts';

const HUB = 'https://index.docker.io/v1/';

/** What `docker login` wrote down for a registry; credential helpers are not asked. */
export function registryAuth(
  env: Record<string, string | undefined>,
  domain: string,
): AuthConfig | undefined {
  const dir = env['DOCKER_CONFIG'] ?? `${env['HOME'] ?? '/root'}/.docker`;
  let auths: Record<string, AuthConfig> | undefined;
  try {
    auths = (
      JSON.parse(nodeFs().readFileSync(`${dir}/config.json`, 'utf8')) as {
        auths?: Record<string, AuthConfig>;
      }
    ).auths;
  } catch {
    return undefined; // no file, or one that is not ours to judge
  }
  const key = domain === 'docker.io' ? HUB : domain;
  const entry = auths?.[key] ?? auths?.[`https://${key}`];
  if (!entry) return undefined;
  const { auth, ...rest } = entry;
  if (!auth) return { ...rest, serveraddress: key };
  const [username = '', ...password] = Buffer.from(auth, 'base64').toString().split(':');
  return { ...rest, username, password: password.join(':'), serveraddress: key };
}
