import { isApiError } from '../../../client/mod.ts';
import { atLeast, type Command } from '../../command.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { forEachOperand } from '../../for-each.ts';

interface Options {
  force: Flag<boolean>;
  link: Flag<boolean>;
  volumes: Flag<boolean>;
}

export const rm: Command<Options> = {
  operands: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Remove containers',
  arity: atLeast(1),
  aliases: ['container rm', 'container remove', 'rm'],
  flags: (flags) => ({
    force: flags.bool('force', { short: 'f', usage: 'Kill it if it runs' }),
    link: flags.bool('link', { short: 'l', usage: 'Remove the link of this name' }),
    volumes: flags.bool('volumes', { short: 'v', usage: 'Remove its anonymous volumes, too' }),
  }),
  run: (cli, { force, link, volumes }, containers) =>
    forEachOperand(cli, containers, async (operand) => {
      const container = operand.replace(/^\/+/, '');
      if (container === '') throw new Error('container name cannot be empty');
      const options = { force: force.value, link: link.value, volumes: volumes.value };
      try {
        await cli.engine.containers.remove(container, options);
      } catch (error) {
        // Compat: with -f a container that is not there is said, and no failure.
        if (!force.value || !isApiError(error, 404)) throw error;
        cli.complain(errorText(error));
        return undefined;
      }
      return operand;
    }),
};
