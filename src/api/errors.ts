import { EngineError, type ErrorCode, messageOf } from '../base/mod.ts';

/** The only map from error code to HTTP status. Compat: moby's `daemon/server/httpstatus`. */
export function statusOf(code: ErrorCode): number {
  switch (code) {
    case 'not-found':
      return 404;
    case 'conflict':
      return 409;
    case 'invalid':
      return 400;
    case 'not-modified':
      return 304;
    case 'denied':
      return 403;
    case 'unauthorized':
      return 401;
    case 'unavailable':
      return 503;
    case 'unimplemented':
      return 501;
    // Compat: moby has no status of its own for these four; all of them are 500 there.
    case 'cancelled':
    case 'timeout':
    case 'corrupt':
    case 'internal':
      return 500;
  }
}

/** Status and sentence of whatever a handler threw. What is not an EngineError is our own fault: 500. */
export function failureOf(error: unknown): { status: number; message: string } {
  const status = error instanceof EngineError ? statusOf(error.code) : 500;
  return { status, message: messageOf(error) };
}
