import { isApiError } from '../client/mod.ts';

/** What is said of an error: the engine's own sentences are marked as such. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isApiError(error) ? `Error response from daemon: ${message}` : message;
}
