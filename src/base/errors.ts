/**
 * The closed set of error categories of the engine. `api/errors.ts` is the only place that maps them to
 * HTTP status codes; the CLI maps them to exit codes.
 */
export const ERROR_CODES = [
  'not-found',
  'conflict',
  'invalid',
  'not-modified',
  'denied',
  'unauthorized',
  'unavailable',
  'unimplemented',
  'cancelled',
  'timeout',
  'corrupt',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error whose message may be shown to a client as it is: it has Docker's wording where Docker has one. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** True if `error` is an EngineError, of that code if one is given. */
export function isEngineError(error: unknown, code?: ErrorCode): error is EngineError {
  return error instanceof EngineError && (code === undefined || error.code === code);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` property of a Node or system error (`ENOENT`, …), if it has one. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
