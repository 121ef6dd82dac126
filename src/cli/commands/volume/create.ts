import { between, type Command } from '../../command.ts';
import { label } from '../../container-options/checks.ts';
import { keyValues } from '../../container-options/cut.ts';
import type { Flag } from '../../flags/flag-set.ts';

interface Options {
  driver: Flag<string>;
  label: Flag<string[]>;
  name: Flag<string>;
  opt: Flag<string[]>;
}

export const create: Command<Options> = {
  operands: '[OPTIONS] [VOLUME]',
  summary: 'Make a volume',
  arity: between(0, 1),
  flags: (flags) => ({
    driver: flags.string('driver', { short: 'd', usage: 'Driver of the volume', initial: 'local' }),
    label: flags.list('label', { usage: 'Set a label', check: label }),
    name: flags.string('name', { hidden: true }),
    opt: flags.list('opt', { short: 'o', type: 'map', usage: 'Option for the driver' }),
  }),
  async run(cli, options, [operand]) {
    if (operand && options.name.value)
      throw new Error(
        'conflicting options: cannot specify a volume name through both --name and as a positional arg',
      );
    const Name = operand ?? options.name.value;
    const { Name: made } = await cli.engine.volumes.create({
      Driver: options.driver.value,
      ...(options.opt.value.length > 0 ? { DriverOpts: keyValues(options.opt.value) } : {}),
      ...(options.label.value.length > 0 ? { Labels: keyValues(options.label.value) } : {}),
      ...(Name ? { Name } : {}),
    });
    cli.print(made);
    return 0;
  },
};
