import { parseBool, parseBytes, parseDuration, parseInt64, parseUint } from './go-values.ts';

/** One flag of a command: how it reads a text, and what it holds. */
export interface Flag<T> {
  readonly name: string;
  readonly short: string;
  /** What the help calls its value: `string`, `list`, …; '' for a switch. */
  readonly type: string;
  readonly usage: string;
  /** Shown in the help; '' = none. */
  readonly preset: string;
  readonly hidden: boolean;
  value: T;
  /** True once it was given. */
  changed: boolean;
  /** Reads one occurrence; throws with the sentence that follows `invalid argument … for … flag: `. */
  set(text: string): void;
}

/** A flag that was given wrongly; the command's usage belongs to the answer. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface FlagOptions {
  short?: string;
  usage?: string;
  type?: string;
  preset?: string;
  hidden?: boolean;
}

/**
 * The flags of one command, parsed as the docker CLI's library does: `--name x`, `--name=x`, `-n x`, `-nx`, `-abc`,
 * `--` ends them. Why not: commander. It costs twice the CPU of all our own code at start (docs/decisions), and its
 * sentences and the stop at the first operand would have to be replaced.
 */
export class FlagSet {
  readonly #byName = new Map<string, Flag<unknown>>();
  readonly #byShort = new Map<string, Flag<unknown>>();

  /** A flag of any type: `read` turns the text into the new value, given the old one. */
  add<T>(name: string, initial: T, read: (text: string, before: T) => T, options: FlagOptions = {}): Flag<T> {
    const { short = '', usage = '', type = 'string', preset = '', hidden = false } = options;
    const flag: Flag<T> = {
      ...{ name, short, usage, type, preset, hidden },
      value: initial,
      changed: false,
      set(text) {
        flag.value = read(text, flag.value);
        flag.changed = true;
      },
    };
    this.#byName.set(name, flag as Flag<unknown>);
    if (short) this.#byShort.set(short, flag as Flag<unknown>);
    return flag;
  }

  bool(name: string, options: FlagOptions & { initial?: boolean } = {}): Flag<boolean> {
    const { initial = false } = options;
    return this.add(name, initial, parseBool, { ...options, type: '', preset: initial ? 'true' : '' });
  }

  string(name: string, options: FlagOptions & { initial?: string } = {}): Flag<string> {
    const { initial = '' } = options;
    return this.add(name, initial, (text) => text, {
      preset: initial && JSON.stringify(initial),
      ...options,
    });
  }

  int(name: string, options: FlagOptions & { initial?: number } = {}): Flag<number> {
    const { initial = 0 } = options;
    const preset = initial === 0 ? '' : String(initial);
    return this.add(name, initial, (text) => parseInt64(text), { type: 'int', preset, ...options });
  }

  uint(name: string, bits: 16 | 64, options: FlagOptions = {}): Flag<number> {
    return this.add(name, 0, (text) => parseUint(text, bits), { type: 'uint', ...options });
  }

  bytes(name: string, options: FlagOptions = {}): Flag<number> {
    return this.add(name, 0, parseBytes, { type: 'bytes', ...options });
  }

  /** Nanoseconds. */
  duration(name: string, options: FlagOptions = {}): Flag<number> {
    return this.add(name, 0, parseDuration, { type: 'duration', preset: '0s', ...options });
  }

  /** A flag that may be repeated; `check` may refuse or change each text. */
  list(name: string, options: FlagOptions & { check?: (text: string) => string } = {}): Flag<string[]> {
    const { check = (text) => text } = options;
    return this.add<string[]>(name, [], (text, before) => [...before, check(text)], {
      type: 'list',
      ...options,
    });
  }

  /** Another, hidden name for `flag`. */
  link<T>(name: string, flag: Flag<T>): void {
    this.#byName.set(name, flag as Flag<unknown>);
  }

  /** All flags, by name. */
  all(): Flag<unknown>[] {
    return [...new Set(this.#byName.values())].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Reads `args`, sets the flags and returns the operands. With `stopAtOperand` everything from the first operand on
   * belongs to somebody else.
   */
  parse(args: readonly string[], options: { stopAtOperand?: boolean } = {}): string[] {
    const operands: string[] = [];
    const rest = [...args];
    for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
      if (arg === '--') return [...operands, ...rest];
      if (arg.startsWith('--')) this.#long(arg, rest);
      else if (arg.startsWith('-') && arg !== '-') this.#short(arg, rest);
      else if (options.stopAtOperand) return [arg, ...rest];
      else operands.push(arg);
    }
    return operands;
  }

  #long(arg: string, rest: string[]): void {
    const equals = arg.indexOf('=');
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    if (name === '' || name.startsWith('-')) throw new UsageError(`bad flag syntax: ${arg}`);
    const flag = this.#byName.get(name);
    if (!flag) throw new UsageError(`unknown flag: --${name}`);
    let value: string | undefined;
    if (equals >= 0) value = arg.slice(equals + 1);
    else value = flag.type === '' ? 'true' : rest.shift();
    if (value === undefined) throw new UsageError(`flag needs an argument: --${name}`);
    assign(flag, value);
  }

  #short(arg: string, rest: string[]): void {
    for (let letters = arg.slice(1); letters !== ''; ) {
      const letter = letters[0] ?? '';
      const flag = this.#byShort.get(letter);
      if (!flag) throw new UsageError(`unknown shorthand flag: '${letter}' in -${letters}`);
      const more = letters.slice(1);
      const attached = more.startsWith('=') && more.length > 1 ? more.slice(1) : undefined;
      if (flag.type === '' && attached === undefined) {
        assign(flag, 'true');
        letters = more;
        continue;
      }
      const value = attached ?? (more === '' ? rest.shift() : more);
      if (value === undefined) throw new UsageError(`flag needs an argument: '${letter}' in -${letters}`);
      assign(flag, value);
      return;
    }
  }
}

function assign(flag: Flag<unknown>, text: string): void {
  try {
    flag.set(text);
  } catch (error) {
    const shown = flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${reason}`);
  }
}
