import type { AuthConfig } from '../../spec/docker/mod.ts';
import { nodeFs } from '../lazy-node.ts';
import { ConfigFile, type StoredAuth } from './config-file.ts';
import { HelperProgram } from './helper-program.ts';
import { hostOf } from './server-address.ts';

/** As helpers name the user of an identity token. */
const TOKEN_USER = '<token>';

/** Where credentials are kept: config.json, or the helper that it names for all registries or for one. */
export class CredentialStore {
  readonly #file: ConfigFile;
  readonly #env: Record<string, string | undefined>;

  private constructor(file: ConfigFile, env: Record<string, string | undefined>) {
    this.#file = file;
    this.#env = env;
  }

  static open(env: Record<string, string | undefined>): CredentialStore {
    const file = ConfigFile.load(env);
    // Compat: until something is decided, the helper of this platform is taken if it is installed.
    const usual = file.isDecided ? undefined : usualHelper(env);
    if (usual) file.credsStore = usual;
    return new CredentialStore(file, env);
  }

  /** What is kept under this key; undefined if there is nothing. */
  async get(key: string): Promise<AuthConfig | undefined> {
    const stored = this.#stored(key);
    const helper = this.#helper(key);
    if (!helper) return stored && fromFile(stored, key);
    const credentials = await helper.get(key);
    if (!credentials) return stored && fromFile(stored, key);
    const { Username, Secret } = credentials;
    const serveraddress = key;
    if (Username === TOKEN_USER) return { identitytoken: Secret, serveraddress };
    return { username: Username, password: Secret, serveraddress };
  }

  /** Keeps it. Gives the path of the file where a password now lies in plain text, if it does. */
  async store(key: string, auth: AuthConfig): Promise<string | undefined> {
    const { username = '', password = '', identitytoken = '' } = auth;
    const helper = this.#helper(key);
    if (helper) {
      const secret = identitytoken
        ? { Username: TOKEN_USER, Secret: identitytoken }
        : { Username: username, Secret: password };
      await helper.store({ ServerURL: key, ...secret });
      this.#file.save(key, {});
      return undefined;
    }
    const entry: StoredAuth = {
      auth: Buffer.from(`${username}:${password}`).toString('base64'),
      ...(identitytoken && { identitytoken }),
    };
    const old = this.#file.auths[key];
    if (old && old.auth === entry.auth && old.identitytoken === entry.identitytoken) return undefined;
    this.#file.save(key, entry);
    return password === '' ? undefined : this.#file.path;
  }

  /** Forgets it; what is not there is no error. */
  async erase(key: string): Promise<void> {
    await this.#helper(key)?.erase(key);
    if (Object.hasOwn(this.#file.auths, key)) this.#file.save(key, undefined);
  }

  #helper(key: string): HelperProgram | undefined {
    const name = this.#file.helperFor(key);
    return name === undefined ? undefined : new HelperProgram(name, this.#env);
  }

  /** Compat: old files have URLs for keys. */
  #stored(key: string): StoredAuth | undefined {
    const { auths } = this.#file;
    if (Object.hasOwn(auths, key)) return auths[key];
    return Object.entries(auths).find(([name]) => hostOf(name) === key)?.[1];
  }
}

function fromFile(stored: StoredAuth, key: string): AuthConfig | undefined {
  const { auth = '', identitytoken, registrytoken, username, password } = stored;
  const decoded = Buffer.from(auth, 'base64').toString();
  const colon = decoded.indexOf(':');
  const pair =
    colon > 0
      ? { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') }
      : { ...(username && { username }), ...(password && { password }) };
  if (!pair.username && !identitytoken && !registrytoken) return undefined;
  return {
    ...pair,
    ...(identitytoken && { identitytoken }),
    ...(registrytoken && { registrytoken }),
    serveraddress: key,
  };
}

/** Compat: docker/cli's `DetectDefaultStore` on Linux. */
function usualHelper(env: Record<string, string | undefined>): string | undefined {
  const name = isInPath('pass', env) ? 'pass' : 'secretservice';
  return isInPath(`docker-credential-${name}`, env) ? name : undefined;
}

function isInPath(program: string, env: Record<string, string | undefined>): boolean {
  const folders = (env['PATH'] ?? '').split(':').filter(Boolean);
  return folders.some((folder) => {
    try {
      nodeFs().accessSync(`${folder}/${program}`, nodeFs().constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
