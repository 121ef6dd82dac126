import type { Cli } from './cli.ts';
import { atLeast, type Command } from './command.ts';
import type { Flag } from './flags/flag-set.ts';
import { inspectObjects, type Lookup } from './inspect-objects.ts';

interface Options {
  format: Flag<string>;
  size?: Flag<boolean>;
}

export interface Inspectable {
  noun: string;
  /** As the usage line calls an object. */
  operand: string;
  summary: string;
  hasSize?: boolean;
  lookUp(cli: Cli, size: boolean): Lookup;
}

/** The `inspect` verb of one noun. */
export function inspectCommand({ noun, operand, summary, hasSize, lookUp }: Inspectable): Command<Options> {
  return {
    operands: `[OPTIONS] ${operand} [${operand}...]`,
    summary,
    arity: atLeast(1),
    flags: (flags) => ({
      format: flags.string('format', { short: 'f', usage: "'json' or a Go template" }),
      ...(hasSize
        ? { size: flags.bool('size', { short: 's', usage: `Show the size of each ${noun}` }) }
        : {}),
    }),
    run: (cli, { format, size }, names) =>
      inspectObjects(cli, names, format.value, lookUp(cli, size?.value ?? false)),
  };
}
