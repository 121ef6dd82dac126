import type { Reference } from '../../spec/reference.ts';

/** What Docker Hub is called in config.json, and by credential helpers. */
export const HUB = 'https://index.docker.io/v1/';

/** Under which name the credentials for a reference's registry lie. */
export function credentialsKey({ domain }: Pick<Reference, 'domain'>): string {
  return domain === 'docker.io' ? HUB : domain;
}

/** `host[:port]` of what may be a URL. Compat: docker/cli's `ConvertToHostname`. */
export function hostOf(address: string): string {
  if (address.includes('://')) {
    const url = URL.parse(address);
    // A URL drops the port that is its scheme's own; the text does not.
    const port = /^[a-z]+:\/\/(?:[^/@]*@)?(?:\[[^\]]*\]|[^/:]*):(\d+)/i.exec(address)?.[1];
    if (url?.hostname) return port ? `${url.hostname}:${port}` : url.hostname.replace(/^\[|\]$/g, '');
  }
  return address.split('/', 1)[0] ?? '';
}
