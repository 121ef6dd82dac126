import { atLeast, type Command } from '../../command.ts';
import { alignTable } from '../../output/table.ts';

const COLUMN = 20;

export const top: Command<object> = {
  operands: 'CONTAINER [ps OPTIONS]',
  summary: "List a container's processes",
  arity: atLeast(1),
  aliases: ['container top', 'top'],
  stopAtOperand: true,
  flags: () => ({}),
  async run(cli, _options, [container = '', ...psArgs]) {
    const { Titles, Processes } = await cli.engine.containers.top(container, psArgs.join(' ') || undefined);
    cli.print(alignTable([Titles, ...(Processes ?? [])].map((row) => row.join('\t')).join('\n'), COLUMN));
    return 0;
  },
};
