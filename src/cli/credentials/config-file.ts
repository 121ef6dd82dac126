import { nodeFs, nodePath } from '../lazy-node.ts';

/** An entry of `auths`, as it stands in the file. */
export interface StoredAuth {
  /** Base64 of `user:password`. */
  auth?: string;
  username?: string;
  password?: string;
  email?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** What of config.json we know; the rest is kept as it is. */
interface Content {
  detachKeys?: string;
  auths?: Record<string, StoredAuth>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** The docker CLI's config.json, which we share: who is logged in there is logged in here. */
export class ConfigFile {
  readonly path: string;
  readonly #content: Content & Record<string, unknown>;

  private constructor(path: string, content: Content & Record<string, unknown>) {
    this.path = path;
    this.#content = content;
  }

  /** Reads it; one that is not there is empty. Throws for one that cannot be read: to write it would lose what is in it. */
  static load(env: Record<string, string | undefined>): ConfigFile {
    const path = `${env['DOCKER_CONFIG'] || `${env['HOME'] ?? '/root'}/.docker`}/config.json`;
    let text = '';
    try {
      text = nodeFs().readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw wrong(path, error);
    }
    try {
      const content: unknown = text.trim() === '' ? {} : JSON.parse(text);
      if (!isObject(content)) throw new Error('it is not a JSON object');
      return new ConfigFile(path, content);
    } catch (error) {
      throw wrong(path, error);
    }
  }

  /** As of `--detach-keys`; '' if nobody has chosen. */
  get detachKeys(): string {
    const { detachKeys } = this.#content;
    return typeof detachKeys === 'string' ? detachKeys : '';
  }

  get auths(): Record<string, StoredAuth> {
    const { auths } = this.#content;
    return isObject(auths) ? (auths as Record<string, StoredAuth>) : {};
  }

  /** The helper that keeps the credentials of a registry: `pass` for `docker-credential-pass`; undefined for this file. */
  helperFor(key: string): string | undefined {
    const { credHelpers, credsStore } = this.#content;
    const own = isObject(credHelpers) && Object.hasOwn(credHelpers, key) ? credHelpers[key] : undefined;
    return (own ?? credsStore) || undefined;
  }

  /** True if somebody has decided already where credentials are kept. */
  get isDecided(): boolean {
    const { credHelpers, credsStore } = this.#content;
    const any = (value: unknown) => isObject(value) && Object.keys(value).length > 0;
    return Boolean(credsStore) || any(credHelpers) || any(this.auths);
  }

  set credsStore(helper: string) {
    this.#content.credsStore = helper;
  }

  /** Puts an entry in, or takes it out, and writes the file: whole or not at all, readable by its owner only. */
  save(key: string, entry: StoredAuth | undefined): void {
    const { [key]: _old, ...others } = this.auths;
    this.#content.auths = entry ? { ...others, [key]: entry } : others;
    const fs = nodeFs();
    fs.mkdirSync(nodePath().dirname(this.path), { recursive: true, mode: 0o700 });
    // Compat: a link stays one; what it points at is replaced.
    const target = fs.existsSync(this.path) ? fs.realpathSync(this.path) : this.path;
    const mode = fs.statSync(target, { throwIfNoEntry: false })?.mode ?? 0o600;
    const temporary = `${target}.${process.pid}.tmp`;
    try {
      fs.writeFileSync(temporary, JSON.stringify(this.#content, null, '\t'), { mode: 0o600 });
      fs.chmodSync(temporary, mode & 0o777);
      fs.renameSync(temporary, target);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(path: string, error: unknown): Error {
  return new Error(`Error loading config file: ${path}: ${(error as Error).message}`, { cause: error });
}
