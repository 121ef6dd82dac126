import { isApiError } from '../../../client/mod.ts';
import { atLeast, type Command } from '../../command.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';

export const rm: Command<{ force: Flag<boolean> }> = {
  operands: 'NETWORK [NETWORK...]',
  summary: 'Remove networks',
  arity: atLeast(1),
  aliases: ['network rm', 'network remove'],
  flags: (flags) => ({ force: flags.bool('force', { short: 'f', usage: 'No failure if it is not there' }) }),
  async run(cli, { force }, networks) {
    let failed = false;
    for (const network of networks) {
      try {
        await cli.engine.networks.remove(network);
        cli.print(network);
      } catch (error) {
        if (force.value && isApiError(error, 404)) continue;
        cli.complain(errorText(error));
        failed = true;
      }
    }
    // Compat: docker says so of this command alone.
    if (failed) cli.complain('exit status 1');
    return failed ? 1 : 0;
  },
};
