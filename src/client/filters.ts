/** Name → accepted values, as the engine's list calls take them. */
export type Filters = Record<string, string[]>;

/** The `filters` parameter; undefined if there are none. Spec: Engine API, "filters" (a map of maps since 1.22). */
export function filtersQuery(filters: Filters | undefined): string | undefined {
  if (!filters || Object.keys(filters).length === 0) return undefined;
  const names = Object.keys(filters).sort();
  const sets = names.map((name) => [
    name,
    Object.fromEntries((filters[name] ?? []).sort().map((v) => [v, true])),
  ]);
  return JSON.stringify(Object.fromEntries(sets));
}
