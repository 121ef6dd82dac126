import type { CreateBody } from '../../../client/mod.ts';
import { atLeast, type Command, ExitError } from '../../command.ts';
import { createBody } from '../../container-options/body.ts';
import { type ContainerFlags, containerFlags } from '../../container-options/flags.ts';
import { errorText } from '../../error-text.ts';
import { checkPull, createContainer, createFlags } from '../../session/create-container.ts';

export const create: Command<ContainerFlags & ReturnType<typeof createFlags>> = {
  operands: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Make a container without starting it',
  arity: atLeast(1),
  aliases: ['container create', 'create'],
  stopAtOperand: true,
  flags: (flags) => ({ ...containerFlags(flags), ...createFlags(flags) }),
  run: async (cli, options, [image = '', ...command]) => {
    let body: CreateBody;
    try {
      checkPull(options);
      body = createBody(options, image, command);
    } catch (error) {
      const help = "Run 'minke create --help' for more information";
      throw new ExitError(125, `minke: ${errorText(error)}\n\n${help}`);
    }
    cli.print(await createContainer(cli, body, options));
    return 0;
  },
};
