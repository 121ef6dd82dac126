import type { Cli } from './cli.ts';
import type { FlagSet } from './flags/flag-set.ts';

/** How many operands a command takes. */
export interface Arity {
  min: number;
  max: number;
}

export const NONE: Arity = { min: 0, max: 0 };

export const exactly = (count: number): Arity => ({ min: count, max: count });
export const atLeast = (count: number): Arity => ({ min: count, max: Number.POSITIVE_INFINITY });
export const between = (min: number, max: number): Arity => ({ min, max });

/** One verb of the command line. */
export interface Command<Options = unknown> {
  /** Operands as the usage line shows them: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  operands: string;
  summary: string;
  arity: Arity;
  /** All names it goes by, if it has more than one: `container ls`, `ps`. */
  aliases?: string[];
  /** True if everything after the first operand belongs to the container. */
  stopAtOperand?: boolean;
  /** Declares the flags; what it returns is handed to `run` once they are set. */
  flags(flags: FlagSet): Options;
  /** Does it; the result is the exit code. */
  run(cli: Cli, options: Options, operands: string[]): Promise<number>;
}

/** A failure with an exit code of its own. Its message is printed as it is. */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
