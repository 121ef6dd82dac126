import { EngineError } from '../../base/mod.ts';
import type { NetworkRecord } from '../../store/mod.ts';
import {
  booleanFilter,
  checkFilterKeys,
  type Filters,
  matchesAny,
  matchesLabels,
  valuesOf,
} from '../filters.ts';
import { isPredefined } from './network-book.ts';

/** The networks that the filters of `network ls` let through. `isUsed`: a running container is in it. */
export function filterNetworks(
  records: readonly NetworkRecord[],
  filters: Filters,
  isUsed: (record: NetworkRecord) => boolean,
): NetworkRecord[] {
  checkFilterKeys(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
  const types = valuesOf(filters, 'type');
  for (const type of types) {
    if (type !== 'builtin' && type !== 'custom')
      throw new EngineError('invalid', `invalid filter: 'type'='${type}'`);
  }
  const dangling = booleanFilter(filters, 'dangling');
  return records.filter((record) => {
    const builtin = isPredefined(record.name);
    return (
      // Compat: predefined networks are never dangling, nor the opposite.
      (dangling === undefined || (!builtin && dangling === !isUsed(record))) &&
      (types.length === 0 || types.includes(builtin ? 'builtin' : 'custom')) &&
      matchesAny(filters, 'name', record.name) &&
      matchesAny(filters, 'id', record.id) &&
      matchesLabels(filters, record.labels ?? {}) &&
      (!filters.has('driver') || filters.get('driver')?.has(record.driver)) &&
      (!filters.has('scope') || filters.get('scope')?.has('local'))
    );
  });
}
