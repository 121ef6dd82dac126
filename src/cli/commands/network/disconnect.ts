import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';

export const disconnect: Command<{ force: Flag<boolean> }> = {
  operands: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Take a container out of a network',
  arity: exactly(2),
  flags: (flags) => ({
    force: flags.bool('force', { short: 'f', usage: 'Also where the network is gone' }),
  }),
  async run(cli, { force }, [network = '', container = '']) {
    await cli.engine.networks.disconnect(network, { Container: container, Force: force.value });
    return 0;
  },
};
