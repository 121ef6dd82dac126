import { atLeast, type Command } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { forEachOperand } from '../../for-each.ts';

export const kill: Command<{ signal: Flag<string> }> = {
  operands: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Send a signal to running containers',
  arity: atLeast(1),
  aliases: ['container kill', 'kill'],
  flags: (flags) => ({ signal: flags.string('signal', { short: 's', usage: 'Signal to send' }) }),
  run: (cli, { signal }, containers) =>
    forEachOperand(cli, containers, async (container) => {
      await cli.engine.containers.kill(container, signal.value || undefined);
      return container;
    }),
};
