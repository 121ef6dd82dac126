import type { Cli } from '../cli.ts';

const NAMED: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** The bytes of `ctrl-p,ctrl-q`, `a,b`, …. Throws with Docker's sentence. */
export function parseDetachKeys(text: string): number[] {
  if (text === '') return parseDetachKeys(DEFAULT_DETACH_KEYS);
  return text.split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    const code = control && (/[a-z]/.test(control) ? control.charCodeAt(0) - 96 : NAMED[control]);
    if (code === undefined || code === '') throw new Error(`invalid detach keys (${text})`);
    return code;
  });
}

/**
 * The keys that detach: those of the flag, else of config.json; '' = the default. They mean something on a terminal
 * only: elsewhere the file is not read.
 */
export async function detachKeysOf(cli: Cli, flag: string, tty: boolean): Promise<string> {
  if (flag !== '' || !tty) return flag;
  const { ConfigFile } = await import('../credentials/config-file.ts');
  try {
    return ConfigFile.load(cli.env).detachKeys;
  } catch {
    return '';
  }
}

/** Watches typed bytes for the detach keys. Bytes that only began the sequence are passed on late. */
export class DetachKeys {
  readonly #keys: number[];
  #matched = 0;

  constructor(keys: number[]) {
    this.#keys = keys;
  }

  /** What to send of `chunk`; `detach` is true once the whole sequence was typed. */
  push(chunk: Uint8Array): { send: Uint8Array; detach: boolean } {
    const send: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { send: Uint8Array.from(send), detach: true };
        continue;
      }
      send.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) send.push(byte);
    }
    return { send: Uint8Array.from(send), detach: false };
  }
}
