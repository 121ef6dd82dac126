import { EngineError, errnoOf, messageOf } from '../../base/mod.ts';

/** A command line that the daemon does not understand. The message is all that is to be printed. */
export class FlagError extends EngineError {
  constructor(reason: string, cause?: unknown) {
    super('invalid', `${reason}\nSee 'minked --help'.`, { cause });
  }
}

/** What `parseArgs` throws, in dockerd's words. */
export function flagError(error: unknown): FlagError {
  const message = messageOf(error);
  const [, option = ''] = /'(-[^' ]*)/.exec(message) ?? [];
  switch (errnoOf(error)) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': {
      const isLong = option.startsWith('--');
      const letter = option.slice(1, 2);
      return new FlagError(
        isLong ? `unknown flag: ${option}` : `unknown shorthand flag: '${letter}' in ${option}`,
        error,
      );
    }
    case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
      return new FlagError('"minked" accepts no argument(s).', error);
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      if (/argument missing|ambiguous/.test(message)) {
        return new FlagError(`flag needs an argument: ${option.replace(/,$/, '')}`, error);
      }
      return new FlagError(message, error);
    default:
      return new FlagError(message, error);
  }
}
