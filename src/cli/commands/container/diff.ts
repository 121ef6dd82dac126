import { type Command, exactly } from '../../command.ts';

const LETTERS = ['C', 'A', 'D'];

export const diff: Command<object> = {
  operands: 'CONTAINER',
  summary: 'Show what a container changed in its files',
  arity: exactly(1),
  aliases: ['container diff', 'diff'],
  flags: () => ({}),
  async run(cli, _options, [container = '']) {
    for (const { Path, Kind } of await cli.engine.files.changes(container)) {
      cli.print(`${LETTERS[Kind] ?? ''} ${Path}`);
    }
    return 0;
  },
};
