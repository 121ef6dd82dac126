import { EngineError } from '../base/mod.ts';

/** Parsed `filters` query of the API: key → values. Each noun validates the keys that it knows. */
export type Filters = ReadonlyMap<string, ReadonlySet<string>>;

export const NO_FILTERS: Filters = new Map();

/** Throws `invalid` in Docker's words if a key is not one of `known`. */
export function checkFilterKeys(filters: Filters, known: readonly string[]): void {
  for (const key of filters.keys()) {
    if (!known.includes(key)) throw new EngineError('invalid', `invalid filter '${key}'`);
  }
}

/** The values of a key, none if it is not there. */
export function valuesOf(filters: Filters, key: string): string[] {
  return [...(filters.get(key) ?? [])];
}

/** A yes-or-no filter: undefined if it is not given. Throws `invalid` in Docker's words. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key);
  if (!values || values.size === 0) return undefined;
  const truth = (value: string) => ['1', 'true', 'True', 'TRUE', 't', 'T'].includes(value);
  const falsity = (value: string) => ['0', 'false', 'False', 'FALSE', 'f', 'F'].includes(value);
  if ([...values].every(truth)) return true;
  if ([...values].every(falsity)) return false;
  throw new EngineError('invalid', `invalid filter '${key}=[${[...values].join(' ')}]'`);
}

/** True if `labels` satisfy every `label` filter (`key` or `key=value`). */
export function matchesLabels(
  filters: Filters,
  labels: Record<string, string> | null | undefined,
  key = 'label',
): boolean {
  return valuesOf(filters, key).every((wanted) => {
    const cut = wanted.indexOf('=');
    const name = cut < 0 ? wanted : wanted.slice(0, cut);
    const value = labels?.[name];
    return value !== undefined && (cut < 0 || value === wanted.slice(cut + 1));
  });
}

/** True if `text` contains, or matches as a regular expression, one of the filter's values; also if there is none. */
export function matchesAny(filters: Filters, key: string, ...texts: string[]): boolean {
  const wanted = valuesOf(filters, key);
  return wanted.length === 0 || wanted.some((pattern) => texts.some((text) => matches(pattern, text)));
}

function matches(pattern: string, text: string): boolean {
  if (text.includes(pattern)) return true;
  try {
    return pattern.length < 1000 && new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
