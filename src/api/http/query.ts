import { EngineError } from '../../base/mod.ts';

const FALSE = new Set(['', '0', 'no', 'false', 'none']);

/** Parsed query of a request, read as Docker's daemon reads forms. */
export class Query {
  readonly #params: URLSearchParams;

  constructor(search: string) {
    this.#params = new URLSearchParams(search);
  }

  /** The first value, '' if there is none. */
  text(key: string): string {
    return this.#params.get(key) ?? '';
  }

  has(key: string): boolean {
    return this.#params.has(key);
  }

  /** Every value of a key that may be repeated. */
  all(key: string): string[] {
    return this.#params.getAll(key);
  }

  /** Compat: anything but '', 0, no, false, none is true. */
  bool(key: string, fallback = false): boolean {
    if (!this.has(key)) return fallback;
    return !FALSE.has(this.text(key).trim().toLowerCase());
  }

  /** A signed decimal; undefined if absent or empty. Throws `invalid` in the words of Go's `strconv.Atoi`. */
  int(key: string): number | undefined {
    const text = this.text(key);
    if (text === '') return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw syntax(text);
    const value = Number(text);
    if (!Number.isSafeInteger(value)) {
      throw new EngineError('invalid', `strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
    }
    return value;
  }

  /** A required unsigned 32-bit number. `what` begins the error's sentence: `invalid resize height`. */
  uint32(key: string, what: string): number {
    const text = this.text(key);
    const fail = (why: string) => new EngineError('invalid', `${what} ${JSON.stringify(text)}: ${why}`);
    if (!/^-?\d+$/.test(text)) throw fail('invalid syntax');
    const value = Number(text);
    if (text.startsWith('-') || value > 0xffffffff) throw fail('value out of range');
    return value;
  }
}

function syntax(text: string): EngineError {
  return new EngineError('invalid', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}
