import { attestations } from './attestations.ts';
import { describe } from './describe.ts';
import { download } from './download.ts';
import { fetchBlob, streamBlob } from './fetch-blob.ts';
import { hostTrust, type TrustStore } from './http/certificates.ts';
import { NO_PROXIES, type ProxySettings } from './http/proxies.ts';
import { inspect } from './inspect.ts';
import type { TakeDescriptor } from './lent-socket.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { login } from './login.ts';
import { push } from './push.ts';
import type { Registry } from './registry.ts';
import { resolve } from './resolve.ts';
import { search } from './search.ts';
import { Session } from './session.ts';
import { tags } from './tags.ts';

export interface RegistryClientOptions {
  /** `daemon.json`: `insecure-registries` (hosts, `host:port`s, CIDR blocks). Loopback is always among them. */
  insecureRegistries?: string[];
  /** `daemon.json`: `registry-mirrors` (URLs), for Docker Hub. */
  registryMirrors?: string[];
  /** `daemon.json`: `mirrors` (domain → URLs), for any registry. */
  mirrors?: Record<string, string[]>;
  /** `daemon.json`: `proxies`; none by default. */
  proxies?: ProxySettings;
  userAgent?: string;
  /** Where certificates are; the host's bundle, `/etc/minke/certs.d` and `/etc/docker/certs.d` by default. */
  trust?: Partial<TrustStore>;
  limits?: Partial<Limits>;
  /** Allows `streamBlob` to lend sockets. */
  takeDescriptor?: TakeDescriptor;
}

/** A client for all registries. Dispose of it to close its idle connections. */
export function createRegistry(options: RegistryClientOptions = {}): Registry & Disposable {
  const session = new Session({
    insecureRegistries: options.insecureRegistries ?? [],
    registryMirrors: options.registryMirrors ?? [],
    mirrors: options.mirrors ?? {},
    proxies: options.proxies ?? NO_PROXIES,
    userAgent: options.userAgent ?? 'minke',
    trust: { ...hostTrust(), ...options.trust },
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  });
  return {
    resolve: (reference, request) => resolve(session, reference, request),
    describe: (reference, request) => describe(session, reference, request),
    fetchBlob: (reference, descriptor, request) => fetchBlob(session, reference, descriptor, request),
    inspect: (reference, request) => inspect(session, reference, request),
    attestations: (reference, request) => attestations(session, reference, request),
    tags: (reference, request) => tags(session, reference, request),
    search: (domain, term, request) => search(session, domain, term, request),
    streamBlob: (reference, descriptor, request) =>
      streamBlob(session, reference, descriptor, { ...request, lend: options.takeDescriptor }),
    push: (reference, request) => push(session, reference, request),
    download: (url, { signal }) => download(session, url, signal),
    login: (auth, request = {}) => login(session, auth, request.signal),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}
