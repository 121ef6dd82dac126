import { type Command, ExitError, exactly } from '../../command.ts';
import { errorText } from '../../error-text.ts';

export const rename: Command<object> = {
  operands: 'CONTAINER NEW_NAME',
  summary: 'Give a container another name',
  arity: exactly(2),
  aliases: ['container rename', 'rename'],
  flags: () => ({}),
  async run(cli, _options, [from = '', to = '']) {
    try {
      await cli.engine.containers.rename(from, to);
    } catch (error) {
      throw new ExitError(1, `${errorText(error)}\nError: failed to rename container named ${from}`);
    }
    return 0;
  },
};
