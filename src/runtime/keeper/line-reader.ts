/** Cuts a stream of bytes into lines. Throws when one grows beyond `limit`: the peer is broken. */
export class LineReader {
  readonly #limit: number;
  #rest = '';

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Calls back for each line that `chunk` completes. */
  push(chunk: string, onLine: (line: string) => void): void {
    this.#rest += chunk;
    for (let end = this.#rest.indexOf('\n'); end >= 0; end = this.#rest.indexOf('\n')) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 1);
      onLine(line);
    }
    if (this.#rest.length > this.#limit) throw new Error('line too long');
  }
}
