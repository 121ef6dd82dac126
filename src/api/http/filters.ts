import { EngineError } from '../../base/mod.ts';
import { type Filters, NO_FILTERS } from '../../engine/filters.ts';

/**
 * The `filters` query: `{"k":{"v":true}}`, or the older `{"k":["v"]}`; both at every version.
 * Compat: whatever is neither answers `invalid filter`.
 */
export function parseFilters(text: string): Filters {
  if (text === '') return NO_FILTERS;
  const parsed = parse(text);
  if (parsed === null) return NO_FILTERS;
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw invalid();
  const filters = new Map<string, Set<string>>();
  for (const [key, values] of Object.entries(parsed)) filters.set(key, new Set(valuesOf(values)));
  return filters;
}

/** `filters` with `value` added to `key`. */
export function withFilter(filters: Filters, key: string, value: string): Filters {
  return new Map([...filters, [key, new Set([...(filters.get(key) ?? []), value])]]);
}

function valuesOf(values: unknown): string[] {
  if (values === null) return [];
  if (Array.isArray(values)) {
    if (!values.every((value) => typeof value === 'string')) throw invalid();
    return values;
  }
  if (typeof values !== 'object') throw invalid();
  const entries = Object.entries(values as object);
  if (!entries.every(([, on]) => typeof on === 'boolean' || on === null)) throw invalid();
  // Compat: moby keeps a key whose value is false as well; only the keys count.
  return entries.map(([value]) => value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid();
  }
}

function invalid(): EngineError {
  return new EngineError('invalid', 'invalid filter');
}
