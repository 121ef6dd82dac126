/** What this client throws; `message` may be shown to a person as it is. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError';
}

/** The engine answered with an error: HTTP `status` and the engine's own sentence. */
export class ApiError extends ClientError {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** No engine could be reached. Compat: sentences of the docker CLI's client. */
export class ConnectionFailed extends ClientError {
  override readonly name = 'ConnectionFailed';

  constructor(host: string, cause: unknown) {
    super(sentence(host, cause), { cause });
  }
}

/** The connection ended in the middle of an answer. */
export class ConnectionLost extends ClientError {
  override readonly name = 'ConnectionLost';

  constructor(message = 'unexpected EOF', options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** True if `error` is an answer of the engine, with that status if one is given. */
export function isApiError(error: unknown, status?: number): error is ApiError {
  return error instanceof ApiError && (status === undefined || error.status === status);
}

function sentence(host: string, cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'EACCES' || code === 'EPERM') {
    return `permission denied while trying to connect to the Minke daemon socket at ${host}`;
  }
  return `Cannot connect to the Minke daemon at ${host}. Is the minke daemon running?`;
}
