import { atLeast, type Command } from '../../command.ts';
import { forEachOperand } from '../../for-each.ts';
import { type StopFlags, stopFlags, stopOptions } from './stop.ts';

export const restart: Command<StopFlags> = {
  operands: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop and start containers',
  arity: atLeast(1),
  aliases: ['container restart', 'restart'],
  flags: stopFlags,
  run: (cli, options, containers) =>
    forEachOperand(cli, containers, async (container) => {
      await cli.engine.containers.restart(container, stopOptions(options));
      return container;
    }),
};
