/** What a helper keeps for one registry. Spec: docker-credential-helpers, "Development of new helpers". */
export interface HelperCredentials {
  ServerURL: string;
  Username: string;
  Secret: string;
}

type Action = 'get' | 'store' | 'erase';

const NOT_FOUND = 'credentials not found in native keychain';
/** A helper may ask its user for something; but not without end. */
const PATIENCE_MS = 120_000;

/** A program `docker-credential-NAME` in PATH that keeps credentials; errors read as those of the docker CLI. */
export class HelperProgram {
  readonly #program: string;
  readonly #env: Record<string, string | undefined>;

  constructor(name: string, env: Record<string, string | undefined>) {
    this.#program = `docker-credential-${name}`;
    this.#env = env;
  }

  /** Undefined if it has none for this registry. */
  async get(server: string): Promise<HelperCredentials | undefined> {
    const { failure, output } = await this.#run('get', server);
    if (failure === undefined) return JSON.parse(output) as HelperCredentials;
    if (output === NOT_FOUND) return undefined;
    throw new Error(`error getting credentials - err: ${failure}, out: \`${output}\``);
  }

  async store(credentials: HelperCredentials): Promise<void> {
    const { failure, output } = await this.#run('store', JSON.stringify(credentials));
    if (failure !== undefined)
      throw new Error(`error storing credentials - err: ${failure}, out: \`${output}\``);
  }

  async erase(server: string): Promise<void> {
    const { failure, output } = await this.#run('erase', server);
    if (failure !== undefined)
      throw new Error(`error erasing credentials - err: ${failure}, out: \`${output}\``);
  }

  #run(action: Action, input: string): Promise<{ failure: string | undefined; output: string }> {
    const { promise, resolve } = Promise.withResolvers<{ failure: string | undefined; output: string }>();
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = spawn(this.#program, [action], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: this.#env,
      timeout: PATIENCE_MS,
    });
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stdin.on('error', () => {}); // it need not read
    child.stdin.end(input);
    child.on('error', (error: Error & { code?: string }) => {
      const why = error.code === 'ENOENT' ? 'executable file not found in $PATH' : error.message;
      resolve({ failure: `exec: "${this.#program}": ${why}`, output: '' });
    });
    child.on('close', (code, signal) => {
      const failure = code === 0 ? undefined : signal ? `signal: ${signal}` : `exit status ${code}`;
      resolve({ failure, output: output.trim() });
    });
    return promise;
  }
}
