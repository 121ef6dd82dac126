/** Parsed `filters` query of the API: key → values. Each noun validates the keys that it knows. */
export type Filters = ReadonlyMap<string, ReadonlySet<string>>;

export const NO_FILTERS: Filters = new Map();
