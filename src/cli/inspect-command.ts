import type { Cli } from './cli.ts';
import { atLeast, type Command } from './command.ts';
import type { Flag } from './flags/flag-set.ts';
import { inspectObjects, type Lookup } from './inspect-objects.ts';

interface Options {
  format: Flag<string>;
  size?: Flag<boolean>;
  platform?: Flag<string>;
}

export interface Inspectable {
  noun: string;
  /** As the usage line calls an object. */
  operand: string;
  summary: string;
  hasSize?: boolean;
  hasPlatform?: boolean;
  /** `platform` is '' unless one was asked for. */
  lookUp(cli: Cli, options: { size: boolean; platform: string }): Lookup;
}

/** The `inspect` verb of one noun. */
export function inspectCommand({
  noun,
  operand,
  summary,
  hasSize,
  hasPlatform,
  lookUp,
}: Inspectable): Command<Options> {
  return {
    operands: `[OPTIONS] ${operand} [${operand}...]`,
    summary,
    arity: atLeast(1),
    flags: (flags) => ({
      format: flags.string('format', { short: 'f', usage: "'json' or a Go template" }),
      ...(hasSize
        ? { size: flags.bool('size', { short: 's', usage: `Show the size of each ${noun}` }) }
        : {}),
      ...(hasPlatform
        ? { platform: flags.string('platform', { usage: `Only if the ${noun} is for this platform` }) }
        : {}),
    }),
    run: (cli, { format, size, platform }, names) => {
      const look = lookUp(cli, { size: size?.value ?? false, platform: platform?.value ?? '' });
      return inspectObjects(cli, names, format.value, look);
    },
  };
}
