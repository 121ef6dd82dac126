import type { Connection } from './connection.ts';
import { ResponseReader } from './http.ts';

/** A connection together with the reader that knows how far it was read. */
export interface Wire {
  connection: Connection;
  reader: ResponseReader;
}

const IDLE_MS = 1000;

/**
 * Keeps one connection whose answer was read to its end, for a request that follows at once (create, then start).
 * Race: a server may close an idle connection just as we write to it; so one is used again only within a second,
 * far below any server's keep-alive time.
 */
export class ConnectionPool {
  readonly #dial: () => Promise<Connection>;
  #idle: (Wire & { since: number }) | undefined;

  constructor(dial: () => Promise<Connection>) {
    this.#dial = dial;
  }

  /** A connection for one request. */
  async take(): Promise<Wire> {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle && performance.now() - idle.since < IDLE_MS) return idle;
    idle?.connection.close();
    const connection = await this.#dial();
    return { connection, reader: new ResponseReader(connection) };
  }

  /** Gives back a connection that is ready for another request. */
  give(wire: Wire): void {
    this.#idle?.connection.close();
    this.#idle = { ...wire, since: performance.now() };
  }

  /** Closes what is kept. */
  close(): void {
    this.#idle?.connection.close();
    this.#idle = undefined;
  }
}
