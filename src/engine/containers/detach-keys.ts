import { EngineError } from '../../base/mod.ts';

const DEFAULT = 'ctrl-p,ctrl-q';

/** Finds the detach sequence in what a client types. Compat: moby `term.ToBytes` and `NewEscapeProxy`. */
export class DetachKeys {
  readonly #sequence: Uint8Array;
  #matched = 0;

  /** `keys`: `a`, `ctrl-p`, … joined by commas; undefined or '' = `ctrl-p,ctrl-q`. Throws `invalid`. */
  constructor(keys: string | undefined) {
    this.#sequence = detachKeyBytes(keys || DEFAULT);
  }

  /** What of `bytes` goes on to the container, and whether the sequence is complete. Half a sequence is held back. */
  push(bytes: Uint8Array): { pass: Uint8Array; detached: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte === this.#sequence[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#sequence.length) return { pass: Uint8Array.from(pass), detached: true };
        continue;
      }
      pass.push(...this.#sequence.subarray(0, this.#matched));
      this.#matched = byte === this.#sequence[0] ? 1 : 0;
      if (this.#matched === 0) pass.push(byte);
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}

/** The bytes that `keys` stands for. Throws `invalid`. */
export function detachKeyBytes(keys: string): Uint8Array {
  return Uint8Array.from(keys.split(',').map(keyByte));
}

function keyByte(key: string): number {
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
  if (control !== undefined) return control === '@' ? 0 : control.toUpperCase().charCodeAt(0) - 64;
  if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
  throw new EngineError('invalid', `Invalid detach keys (${key}) provided`);
}
