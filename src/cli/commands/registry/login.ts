import { isApiError } from '../../../client/mod.ts';
import type { AuthConfig } from '../../../spec/docker/mod.ts';
import type { Cli } from '../../cli.ts';
import { between, type Command } from '../../command.ts';
import { HUB, hostOf } from '../../credentials/server-address.ts';
import { CredentialStore } from '../../credentials/store.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ask, askSecret, readInput } from '../../terminal/ask.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';

interface Options {
  password: Flag<string>;
  passwordStdin: Flag<boolean>;
  username: Flag<string>;
}

/** Compat: docker/cli `cli/command/registry/login.go` of 28.2, without Docker Hub's login by browser. */
export const login: Command<Options> = {
  operands: '[OPTIONS] [SERVER]',
  summary: 'Log in to a registry; to Docker Hub if none is named',
  arity: between(0, 1),
  flags: (flags) => ({
    password: flags.string('password', { short: 'p', usage: 'Password, or access token' }),
    passwordStdin: flags.bool('password-stdin', { usage: 'Read the password from standard input' }),
    username: flags.string('username', { short: 'u', usage: 'Name of the user' }),
  }),
  async run(cli, options, [server = '']) {
    const password = givenPassword(cli, options);
    const username = options.username.value;
    const key = server === '' || server === 'docker.io' ? HUB : hostOf(server);
    const store = CredentialStore.open(cli.env);
    const known = username === '' && password === '' ? await store.get(key) : undefined;
    if (known?.username && known.password) {
      const status = await loginAsBefore(cli, store, key, known);
      if (status !== undefined) {
        cli.print(status);
        return 0;
      }
    }
    const auth = await complete(cli, { username, password, before: known?.username ?? '' });
    cli.print(await loginAs(cli, store, key, auth));
    return 0;
  },
};

function givenPassword(cli: Cli, { password, passwordStdin, username }: Options): string {
  if (password.changed && passwordStdin.value) {
    throw new Error('conflicting options: cannot specify both --password and --password-stdin');
  }
  if (password.value !== '') {
    cli.complain('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
  }
  if (!passwordStdin.value) return password.value;
  if (username.value === '') throw new Error('the --password-stdin option requires --username to be set');
  return readInput().replace(/\n$/, '').replace(/\r$/, '');
}

/** Undefined if what is kept does not do any more. */
async function loginAsBefore(
  cli: Cli,
  store: CredentialStore,
  key: string,
  known: AuthConfig,
): Promise<string | undefined> {
  cli.complain(`Authenticating with existing credentials... [Username: ${known.username}]`);
  cli.complain(
    "\n Info -> To login with a different account, run 'minke logout' followed by 'minke login'\n\n",
  );
  try {
    return await loginAs(cli, store, key, known);
  } catch (error) {
    if (isApiError(error, 401)) cli.complain('Stored credentials invalid or expired');
    else cli.complain(`Login did not succeed, error: ${errorText(error)}`);
    return undefined;
  }
}

async function loginAs(cli: Cli, store: CredentialStore, key: string, auth: AuthConfig): Promise<string> {
  const { username = '', password = '' } = auth;
  const answer = await cli.engine.system.login({ username, password, serveraddress: key });
  const identitytoken = answer.IdentityToken ?? '';
  let exposed: string | undefined;
  try {
    exposed = await store.store(key, identitytoken ? { username, identitytoken } : { username, password });
  } catch (error) {
    throw new Error(`Error saving credentials: ${(error as Error).message}`, { cause: error });
  }
  if (exposed !== undefined) {
    cli.complain(`\nWARNING! Your credentials are stored unencrypted in '${exposed}'.`);
    cli.complain('Configure a credential helper to remove this warning. See');
    cli.complain('https://docs.docker.com/go/credential-store/\n');
  }
  return answer.Status;
}

/** Asks for what was not given, if there is somebody to ask. */
async function complete(
  cli: Cli,
  { username, password, before }: { username: string; password: string; before: string },
): Promise<AuthConfig> {
  if ((username === '' || password === '') && !isTerminal(0)) {
    throw new Error('Error: Cannot perform an interactive login from a non TTY device');
  }
  let user = username.trim();
  if (user === '') {
    user = (await ask(cli.stdout, before ? `Username (${before}): ` : 'Username: ')) || before;
    if (user === '') throw new Error('error: username is required');
  }
  if (password.trim() !== '') return { username: user, password };
  const typed = await askSecret(cli.stdout, 'Password: ');
  if (typed === '') throw new Error('error: password is required');
  return { username: user, password: typed };
}
