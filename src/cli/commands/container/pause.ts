import { atLeast, type Command } from '../../command.ts';
import { forEachOperand } from '../../for-each.ts';

const both = {
  operands: 'CONTAINER [CONTAINER...]',
  arity: atLeast(1),
  flags: () => ({}),
};

export const pause: Command<object> = {
  ...both,
  summary: 'Freeze all processes of containers',
  aliases: ['container pause', 'pause'],
  run: (cli, _options, containers) =>
    forEachOperand(cli, containers, async (container) => {
      await cli.engine.containers.pause(container);
      return container;
    }),
};

export const unpause: Command<object> = {
  ...both,
  summary: 'Let frozen containers go on',
  aliases: ['container unpause', 'unpause'],
  run: (cli, _options, containers) =>
    forEachOperand(cli, containers, async (container) => {
      await cli.engine.containers.unpause(container);
      return container;
    }),
};
