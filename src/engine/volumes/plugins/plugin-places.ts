import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { EngineError } from '../../../base/mod.ts';
import { flag, object, optional, shaped, text } from '../../../spec/shape.ts';

/** Where a plugin is spoken to. */
export type PluginAddress =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls?: PluginTls };

export interface PluginTls {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  insecure: boolean;
}

/** A specification is an address; what is larger is none. */
const MOST_BYTES = 64 * 1024;

const specification = object({
  Addr: optional(text),
  TLSConfig: optional(
    object({
      InsecureSkipVerify: optional(flag),
      CAFile: optional(text),
      CertFile: optional(text),
      KeyFile: optional(text),
    }),
  ),
});

/**
 * The directories where plugins are looked for: sockets in `/run/docker/plugins`, specifications (an address in a `.spec`,
 * a document in a `.json`) in `/etc/docker/plugins` and `/usr/lib/docker/plugins`; in all of them also in a folder of the
 * plugin's name. Looked at anew each time: a plugin comes and goes without telling.
 */
export class PluginPlaces {
  readonly #sockets: string;
  readonly #specifications: string[];

  /** For tests another folder takes the place of `/`. Compat: moby `pkg/plugins/discovery.go`. */
  constructor(root = '/') {
    this.#sockets = join(root, 'run/docker/plugins');
    this.#specifications = [join(root, 'etc/docker/plugins'), join(root, 'usr/lib/docker/plugins')];
  }

  /** The names of all. */
  names(): string[] {
    const sockets = entriesIn(this.#sockets).filter((entry) => entry.isSocket());
    const files = this.#specifications.flatMap(entriesIn).filter((entry) => entry.isFile());
    return [
      ...new Set([...sockets, ...files].map(({ name }) => name.slice(0, name.length - extname(name).length))),
    ];
  }

  /** Undefined if there is no such plugin; throws for a specification that is none. */
  find(name: string): PluginAddress | undefined {
    // A name comes from a client: it is no path.
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) return undefined;
    const places = (base: string, extension: string) => [
      join(base, `${name}${extension}`),
      join(base, name, `${name}${extension}`),
    ];
    const socket = places(this.#sockets, '.sock').find((path) => statOf(path)?.isSocket());
    if (socket !== undefined) return { kind: 'unix', path: socket };
    for (const base of this.#specifications) {
      for (const path of [...places(base, '.spec'), ...places(base, '.json')]) {
        if (statOf(path)?.isFile()) return readSpecification(path);
      }
    }
    return undefined;
  }
}

function readSpecification(path: string): PluginAddress {
  if ((statOf(path)?.size ?? 0) > MOST_BYTES) throw new EngineError('invalid', `${path} is too large`);
  const content = readFileSync(path, 'utf8');
  if (!path.endsWith('.json')) return parseAddress(content.trim());
  const { Addr = '', TLSConfig } = shaped(specification, JSON.parse(content));
  const { CAFile, CertFile, KeyFile, InsecureSkipVerify } = TLSConfig ?? {};
  return parseAddress(Addr, {
    ...(CAFile && { caFile: CAFile }),
    ...(CertFile && { certFile: CertFile }),
    ...(KeyFile && { keyFile: KeyFile }),
    // Compat: without an authority to check by, nothing is checked.
    insecure: InsecureSkipVerify === true || !CAFile,
  });
}

/** `unix:///path`, `tcp://host:port`, `http://…` or `https://…`. */
export function parseAddress(address: string, tls: PluginTls = { insecure: true }): PluginAddress {
  if (!/^[a-z]+:\/\//i.test(address)) throw new EngineError('invalid', 'Unknown protocol');
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new EngineError('invalid', `invalid address of a plugin: ${address}`);
  }
  if (url.protocol === 'unix:') return { kind: 'unix', path: url.pathname };
  const isTls = url.protocol === 'https:';
  if (!isTls && url.protocol !== 'tcp:' && url.protocol !== 'http:')
    throw new EngineError('invalid', 'Unknown protocol');
  const port = Number(url.port || (isTls ? 443 : 80));
  return { kind: 'tcp', host: url.hostname, port, ...(isTls && { tls }) };
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

/** A directory's entries, and those of the folders in it. */
function entriesIn(directory: string, depth = 1): Dirent[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
  const folders = depth > 0 ? entries.filter((entry) => entry.isDirectory()) : [];
  return [...entries, ...folders.flatMap(({ name }) => entriesIn(join(directory, name), depth - 1))];
}
