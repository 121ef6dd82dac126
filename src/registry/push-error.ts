import { EngineError } from '../base/mod.ts';
import { AnswerError, transportFailure } from './errors.ts';

/** What failed while pushing, in the sentence that a Docker client gets: the registry's own. */
export function pushError(error: unknown): unknown {
  if (!(error instanceof AnswerError)) return transportFailure(error);
  const codes = { DENIED: 'denied', UNAUTHORIZED: 'unauthorized' } as const;
  const code = codes[error.code as keyof typeof codes] ?? 'internal';
  return new EngineError(code, error.message, { cause: error });
}
