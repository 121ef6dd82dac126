/**
 * Checks of JSON that strangers wrote: a *shape* takes a value and gives it back in its declared type, or throws
 * ShapeError. Why not zod: importing it costs 65 ms of CPU, a fifth of what the daemon has to be ready (measured on
 * Bun 1.4.5), and these documents need six words of it.
 */
export type Shape<T> = (value: unknown, path: string) => T;

/** Says what is wrong, and where: `layers.0.size: expected …`. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';

  constructor(path: string, expected: string) {
    super(`${path === '' ? 'document' : path.slice(1)}: expected ${expected}`);
  }
}

/** Checks `value` as a whole document. */
export function shaped<T>(shape: Shape<T>, value: unknown): T {
  return shape(value, '');
}

/** The same, with `otherwise` in place of an error. */
export function shapedOr<T, O>(shape: Shape<T>, value: unknown, otherwise: O): T | O {
  try {
    return shape(value, '');
  } catch (error) {
    if (error instanceof ShapeError) return otherwise;
    throw error;
  }
}

export const text: Shape<string> = (value, path) => {
  if (typeof value !== 'string') throw new ShapeError(path, 'a string');
  return value;
};

export const flag: Shape<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new ShapeError(path, 'a boolean');
  return value;
};

/** Integers that a double holds exactly, not below `least`. */
export function integer(least: number = Number.MIN_SAFE_INTEGER): Shape<number> {
  return (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
    throw new ShapeError(path, least === 0 ? 'an integer from 0 on' : 'an integer');
  };
}

/** A value of which `test` is true. */
export function where<T>(expected: string, test: (value: unknown) => value is T): Shape<T> {
  return (value, path) => {
    if (!test(value)) throw new ShapeError(path, expected);
    return value;
  };
}

/** null and undefined pass as undefined: Go reads null as the zero value, so documents have it anywhere. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === null || value === undefined ? undefined : shape(value, path));
}

/** null and undefined become `otherwise`. */
export function withDefault<T>(shape: Shape<T>, otherwise: T): Shape<T> {
  return (value, path) => (value === null || value === undefined ? otherwise : shape(value, path));
}

export function list<T>(shape: Shape<T>, most: number = Number.MAX_SAFE_INTEGER): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new ShapeError(path, 'a list');
    if (value.length > most) throw new ShapeError(path, `no more than ${most} entries`);
    return value.map((inner, index) => shape(inner, `${path}.${index}`));
  };
}

/** An object with any keys. */
export function mapOf<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (value, path) => {
    const entries = Object.entries(record(value, path));
    // Object.fromEntries defines `__proto__` as a property of its own.
    return Object.fromEntries(entries.map(([key, inner]) => [key, shape(inner, `${path}.${key}`)]));
  };
}

type Fields = Record<string, Shape<unknown>>;
type Present<T> = T extends Shape<infer V> ? Exclude<V, undefined> : never;
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: undefined extends ReturnType<F[K]> ? K : never;
}[keyof F];
type Shaped<F extends Fields> = { [K in Exclude<keyof F, OptionalKeys<F>>]: Present<F[K]> } & {
  [K in OptionalKeys<F>]?: Present<F[K]>;
};

/** An object of these fields; others are left out, and so are optional ones that are not there. */
export function object<F extends Fields>(fields: F): Shape<Shaped<F>> {
  const shapes = Object.entries(fields);
  return (value, path) => {
    const source = record(value, path);
    const result: Record<string, unknown> = {};
    for (const [key, shape] of shapes) {
      const own = Object.hasOwn(source, key) ? source[key] : undefined;
      const checked = shape(own, `${path}.${key}`);
      if (checked !== undefined) result[key] = checked;
    }
    return result as Shaped<F>;
  };
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ShapeError(path, 'an object');
  return value as Record<string, unknown>;
}
