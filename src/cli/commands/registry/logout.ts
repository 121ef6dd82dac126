import { between, type Command } from '../../command.ts';
import { HUB, hostOf } from '../../credentials/server-address.ts';
import { CredentialStore } from '../../credentials/store.ts';

export const logout: Command<object> = {
  operands: '[SERVER]',
  summary: 'Log out from a registry; from Docker Hub if none is named',
  arity: between(0, 1),
  flags: () => ({}),
  async run(cli, _options, [server = '']) {
    const host = server === '' ? HUB : hostOf(server);
    // Compat: all spellings that a login may have used at some time.
    const keys = server === '' ? [HUB] : [server, host, `http://${host}`, `https://${host}`];
    const store = CredentialStore.open(cli.env);
    cli.print(`Removing login credentials for ${host}`);
    const failures = new Map<string, string>();
    for (const key of keys) {
      await store.erase(key).catch((error: Error) => failures.set(key, error.message));
    }
    if (failures.size === keys.length) {
      cli.complain('WARNING: could not erase credentials:');
      for (const [key, message] of failures) cli.complain(`${key}: ${message}`);
    }
    return 0;
  },
};
