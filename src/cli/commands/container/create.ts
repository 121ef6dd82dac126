import { atLeast, type Command, ExitError } from '../../command.ts';
import { createBody } from '../../container-options/body.ts';
import { type ContainerFlags, containerFlags } from '../../container-options/flags.ts';
import { errorText } from '../../error-text.ts';
import { createContainer, createFlags } from '../../session/create-container.ts';

export const create: Command<ContainerFlags & ReturnType<typeof createFlags>> = {
  operands: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Make a container without starting it',
  arity: atLeast(1),
  aliases: ['container create', 'create'],
  stopAtOperand: true,
  flags: (flags) => ({ ...containerFlags(flags), ...createFlags(flags) }),
  run: async (cli, options, [image = '', ...command]) => {
    let id: string;
    try {
      id = await createContainer(cli, createBody(options, image, command), options);
    } catch (error) {
      const help = "Run 'minke create --help' for more information";
      throw new ExitError(125, `minke: ${errorText(error)}\n\n${help}`);
    }
    cli.print(id);
    return 0;
  },
};
