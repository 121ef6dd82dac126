import { atLeast, type Command } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { forEachOperand } from '../../for-each.ts';

export const rm: Command<{ force: Flag<boolean> }> = {
  operands: '[OPTIONS] VOLUME [VOLUME...]',
  summary: 'Remove volumes',
  arity: atLeast(1),
  aliases: ['volume rm', 'volume remove'],
  flags: (flags) => ({ force: flags.bool('force', { short: 'f', usage: 'No failure if it is not there' }) }),
  run: (cli, { force }, volumes) =>
    forEachOperand(cli, volumes, async (volume) => {
      await cli.engine.volumes.remove(volume, { force: force.value });
      return volume;
    }),
};
