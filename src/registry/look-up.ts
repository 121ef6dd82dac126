import { EngineError } from '../base/mod.ts';
import type { Reference } from '../spec/reference.ts';
import type { Endpoint } from './endpoints.ts';
import { AnswerError, transportFailure } from './errors.ts';
import type { Session } from './session.ts';

/** Asks the registry of `reference` what is no pull: errors have the status that the registry gave. */
export async function lookUp<T>(
  session: Session,
  reference: Reference,
  ask: (endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  try {
    return await session.withEndpoint(reference.domain, ask);
  } catch (error) {
    throw lookupError(error);
  }
}

function lookupError(error: unknown): unknown {
  if (!(error instanceof AnswerError)) return transportFailure(error);
  const codes: Record<number, 'not-found' | 'unauthorized' | 'denied'> = {
    401: 'unauthorized',
    403: 'denied',
    404: 'not-found',
  };
  return new EngineError(codes[error.status] ?? 'internal', error.message, { cause: error });
}
