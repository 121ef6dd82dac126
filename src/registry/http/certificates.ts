import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf } from '../../base/mod.ts';

/** Where the host keeps its trust. */
export interface TrustStore {
  /** The host's bundle of authorities; the runtime's own one is used if it is not there. */
  authoritiesFile: string;
  /** Directories of `<host:port>/*.crt`, `*.cert` and `*.key`; what lies in any of them counts. */
  certificatesDirectories: string[];
}

/** TLS settings for one registry. */
export interface Trust {
  ca?: Buffer[];
  cert?: Buffer[];
  key?: Buffer[];
}

/** Debian's and Fedora's. */
const BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/** What Docker and Go programs trust on this host, and what was laid down for us. */
export function hostTrust(): TrustStore {
  const bundle = process.env['SSL_CERT_FILE'] ?? BUNDLES.find((file) => existsSync(file)) ?? '';
  return {
    authoritiesFile: bundle,
    certificatesDirectories: ['/etc/minke/certs.d', '/etc/docker/certs.d'],
  };
}

/**
 * The settings for `host` (with port; '' for any other): the host's authorities, and what an administrator laid down
 * for this registry. Throws `internal` for a client certificate without its key. Compat: moby's `ReadCertsDirectory`.
 */
export function readTrust(store: TrustStore, host: string): Trust {
  const authorities = read(store.authoritiesFile);
  const all = ownDirectories(store, host).map(readDirectory);
  const ca = all.flatMap((own) => own.ca);
  const cert = all.flatMap((own) => own.cert);
  const key = all.flatMap((own) => own.key);
  return {
    ...(ca.length + (authorities ? 1 : 0) > 0 && { ca: [...(authorities ? [authorities] : []), ...ca] }),
    ...(cert.length > 0 && { cert, key }),
  };
}

/**
 * Changes when something that was laid down for `host` alone does; '' if there is nothing. Compat: Docker reads these
 * files for each pull, so an authority that is added or taken away counts at once.
 */
export function trustVersion(store: TrustStore, host: string): string {
  return ownDirectories(store, host)
    .flatMap((directory) => list(directory).map((name) => versionOf(join(directory, name))))
    .join('\n');
}

function versionOf(file: string): string {
  const { mtimeMs, ino, size } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0, ino: 0, size: 0 };
  return `${file} ${mtimeMs} ${ino} ${size}`;
}

/** Compat: Docker looks under the name as it stands in the reference; a URL drops the port that is https's own. */
function ownDirectories(store: TrustStore, host: string): string[] {
  if (host === '') return [];
  const names = /:\d+$/.test(host) ? [host] : [host, `${host}:443`];
  return store.certificatesDirectories.flatMap((directory) => names.map((name) => join(directory, name)));
}

function readDirectory(directory: string): Required<Trust> {
  const names = list(directory);
  const ca = names.filter((name) => name.endsWith('.crt')).map((name) => readFileSync(join(directory, name)));
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
  return { ca, cert, key };
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
