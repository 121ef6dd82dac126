import { atLeast, type Command } from '../../command.ts';
import { forEachOperand } from '../../for-each.ts';

export const wait: Command<object> = {
  operands: 'CONTAINER [CONTAINER...]',
  summary: 'Wait until containers stop, print their exit codes',
  arity: atLeast(1),
  aliases: ['container wait', 'wait'],
  flags: () => ({}),
  run: (cli, _options, containers) =>
    forEachOperand(cli, containers, async (container) => {
      const { result } = await cli.engine.containers.wait(container);
      const { StatusCode, Error: failure } = await result;
      if (failure?.Message) throw new Error(failure.Message);
      return String(StatusCode);
    }),
};
