import { EngineError } from '../../base/mod.ts';
import { type GoInteger, GoNumber, goInteger } from './go-number.ts';

/**
 * Decoding of request bodies as Go decodes JSON into a struct, because clients rely on it: unknown keys are ignored,
 * keys match without case, null and absent fields become zero values, and a wrong type gets Go's sentence.
 * Why not zod: none of these four is its way, and it costs an idle daemon 8 MB.
 */
export interface Codec<T> {
  /** Go's name of the type, for the error sentence. */
  readonly go: string;
  /** `value` is what parseExact gave, or undefined where the key is absent. */
  read(value: unknown, at: Place): T;
}

/** Where in the document: the innermost struct's name and the keys from the root. */
export interface Place {
  struct: string;
  path: string;
}

const ROOT: Place = { struct: '', path: '' };

/** Decodes a whole document. Throws `invalid` with Go's sentence. */
export function decode<T>(codec: Codec<T>, document: unknown): T {
  return codec.read(document, ROOT);
}

export const string: Codec<string> = scalar('string', 'string', '');
export const bool: Codec<boolean> = scalar('bool', 'boolean', false);
export const int: Codec<number> = integer('int64');

/** An integer of a named Go type; 0 when absent. */
export function integer(go: GoInteger, min = Number.NEGATIVE_INFINITY): Codec<number> {
  return {
    go,
    read(value, at) {
      if (value === undefined || value === null) return 0;
      if (typeof value !== 'number' && !(value instanceof GoNumber)) throw mismatch(value, go, at);
      const source = typeof value === 'number' ? JSON.stringify(value) : value.source;
      const whole = goInteger(source, go);
      if (whole === undefined || whole < min) throw mismatch(value, go, at, `number ${source}`);
      return whole;
    },
  };
}

/** A pointer: null when absent. */
export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    go: `*${codec.go}`,
    read: (value, at) => (value === undefined || value === null ? null : codec.read(value, at)),
  };
}

/** A field that is left out where it is absent or null. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    go: codec.go,
    read: (value, at) => (value === undefined || value === null ? undefined : codec.read(value, at)),
  };
}

/** A list that is there: [] is not null. Use with `nullable` or `optional`. */
export function list<T>(item: Codec<T>): Codec<T[]> {
  const go = `[]${item.go}`;
  return {
    go,
    read(value, at) {
      if (!Array.isArray(value)) throw mismatch(value, go, at);
      return value.map((element) => item.read(element, at));
    },
  };
}

/** A map from any string. Use with `nullable` or `optional`. */
export function map<T>(item: Codec<T>): Codec<Record<string, T>> {
  const go = `map[string]${item.go}`;
  return {
    go,
    read(value, at) {
      if (!isObject(value)) throw mismatch(value, go, at);
      // `fromEntries` defines own properties, so that a key `__proto__` stays a key.
      return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, item.read(element, at)]));
    },
  };
}

/** Go's `struct{}` as the value of a set. */
export const empty: Codec<object> = {
  go: 'struct {}',
  read(value, at) {
    if (value !== undefined && value !== null && !isObject(value)) throw mismatch(value, 'struct {}', at);
    return {};
  },
};

/** A list of strings, or one string that becomes a list of one. Compat: moby's `strslice.StrSlice`. */
export const stringOrList: Codec<string[] | null> = {
  go: 'string',
  read(value, at) {
    if (value === undefined || value === null) return null;
    if (Array.isArray(value)) return list(string).read(value, at);
    return [string.read(value, { struct: '', path: '' })];
  },
};

export type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> };

/** A struct: every field of `T` must be named, so that a new field of a type cannot be forgotten here. */
export function struct<T extends object>(name: string, fields: Fields<T>): Codec<T> {
  const codecs = new Map<string, Codec<unknown>>(Object.entries(fields));
  const folded = new Map([...codecs.keys()].map((key) => [key.toLowerCase(), key]));
  return {
    go: name,
    read(value, at) {
      if (value !== undefined && value !== null && !isObject(value)) throw mismatch(value, name, at);
      const given = new Map<string, unknown>();
      for (const [key, element] of Object.entries(value ?? {})) {
        const field = codecs.has(key) ? key : folded.get(key.toLowerCase());
        if (field !== undefined) given.set(field, element);
      }
      const result: Record<string, unknown> = {};
      for (const [field, codec] of codecs) {
        const path = at.path === '' ? field : `${at.path}.${field}`;
        const read = codec.read(given.get(field), { struct: bare(name), path });
        if (read !== undefined) result[field] = read;
      }
      return result as T;
    },
  };
}

/** The keys of `value` that `fields` has, without case: whether an embedded pointer would be set. */
export function hasAnyField(value: unknown, fields: object): boolean {
  if (!isObject(value)) return false;
  const known = new Set(Object.keys(fields).map((key) => key.toLowerCase()));
  return Object.keys(value).some((key) => known.has(key.toLowerCase()));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof GoNumber);
}

function scalar<T extends string | boolean>(go: string, type: 'string' | 'boolean', zero: T): Codec<T> {
  return {
    go,
    read(value, at) {
      if (value === undefined || value === null) return zero;
      if (typeof value !== type) throw mismatch(value, go, at);
      return value as T;
    },
  };
}

function mismatch(value: unknown, go: string, at: Place, what = kindOf(value)): EngineError {
  const where = at.path === '' ? 'Go value' : `Go struct field ${at.struct}.${at.path}`;
  return new EngineError(
    'invalid',
    `invalid JSON: json: cannot unmarshal ${what} into ${where} of type ${go}`,
  );
}

/** Go's word for a JSON value. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null || value === undefined) return 'null';
  if (value instanceof GoNumber) return 'number';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function bare(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
