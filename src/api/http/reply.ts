/** What a handler answers. Data, so that handlers are tested without a socket. */
export type Reply =
  | { kind: 'json'; status: number; text: string; headers?: Record<string, string> }
  | { kind: 'text'; status: number; text: string; headers?: Record<string, string> }
  | { kind: 'empty'; status: number; headers?: Record<string, string> }
  | {
      kind: 'stream';
      contentType: string;
      headers?: Record<string, string>;
      run: (out: Output) => Promise<void>;
    };

/** The body of a streamed answer. Until `begin` or the first write, a throw still becomes a proper error answer. */
export interface Output {
  /** Sends the head (200). Idempotent. */
  begin(): void;
  readonly begun: boolean;
  /** Resolves when there is room for more; rejects when the client is gone. */
  write(data: string | Uint8Array): Promise<void>;
}

/** A JSON answer. Compat: Go's encoder ends each document with a newline. */
export function json(status: number, value: unknown): Reply {
  return { kind: 'json', status, text: `${JSON.stringify(value)}\n` };
}

export function empty(status = 204): Extract<Reply, { kind: 'empty' }> {
  return { kind: 'empty', status };
}

export function stream(
  contentType: string,
  run: (out: Output) => Promise<void>,
): Extract<Reply, { kind: 'stream' }> {
  return { kind: 'stream', contentType, run };
}

/** The body of an error, at every version that we serve. */
export function errorReply(status: number, message: string): Reply {
  // Compat: a 304 has no body, whatever the sentence.
  return status === 304 ? empty(304) : json(status, { message });
}
