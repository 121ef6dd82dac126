import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf } from '../../base/mod.ts';

/** Where the host keeps its trust. */
export interface TrustStore {
  /** The host's bundle of authorities; the runtime's own one is used if it is not there. */
  authoritiesFile: string;
  /** Docker's directory of `<host:port>/*.crt`, `*.cert` and `*.key`. */
  certificatesDirectory: string;
}

/** TLS settings for one registry. */
export interface Trust {
  ca?: Buffer[];
  cert?: Buffer[];
  key?: Buffer[];
}

/** Debian's and Fedora's. */
const BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/** What Docker and Go programs trust on this host. */
export function hostTrust(): TrustStore {
  const bundle = process.env['SSL_CERT_FILE'] ?? BUNDLES.find((file) => existsSync(file)) ?? '';
  return { authoritiesFile: bundle, certificatesDirectory: '/etc/docker/certs.d' };
}

/**
 * The settings for `host` (with port; '' for any other): the host's authorities, and what an administrator laid down for this registry.
 * Throws `internal` for a client certificate without its key. Compat: moby's `ReadCertsDirectory`.
 */
export function readTrust(store: TrustStore, host: string): Trust {
  const directory = join(store.certificatesDirectory, host);
  const names = host === '' ? [] : list(directory);
  const ca = names.filter((name) => name.endsWith('.crt')).map((name) => readFileSync(join(directory, name)));
  const authorities = read(store.authoritiesFile);
  const cert: Buffer[] = [];
  const key: Buffer[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.cert'))) {
    const keyName = `${name.slice(0, -'.cert'.length)}.key`;
    if (!names.includes(keyName)) {
      throw new EngineError(
        'internal',
        `missing key ${keyName} for client certificate ${name}. CA certificates must use the extension .crt`,
      );
    }
    cert.push(readFileSync(join(directory, name)));
    key.push(readFileSync(join(directory, keyName)));
  }
  return {
    ...((authorities || ca.length > 0) && { ca: authorities ? [authorities, ...ca] : ca }),
    ...(cert.length > 0 && { cert, key }),
  };
}

/** True if there is something for `host` alone. */
export function hasOwnTrust(store: TrustStore, host: string): boolean {
  return list(join(store.certificatesDirectory, host)).length > 0;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (/^(ENOENT|ENOTDIR)$/.test(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (/^(ENOENT|EACCES)$/.test(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
