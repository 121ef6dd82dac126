import { EngineError, nowNano } from '../base/mod.ts';
import { type Filters, matchesLabels, valuesOf } from './filters.ts';
import { parseMoment } from './moment.ts';

/** The one moment that a prune's `until` filter names, nanoseconds since 1970; throws `invalid` in Docker's words. */
export function untilOf(filters: Filters): bigint | undefined {
  const [text, ...more] = valuesOf(filters, 'until');
  if (more.length > 0) throw new EngineError('invalid', 'more than one until filter specified');
  return text === undefined ? undefined : parseMoment(text, nowNano());
}

/** True if `labels` have all that `label` asks for, and not all that `label!` names. */
export function matchesPruneLabels(
  filters: Filters,
  labels: Record<string, string> | null | undefined,
): boolean {
  if (!matchesLabels(filters, labels)) return false;
  return !filters.has('label!') || !matchesLabels(filters, labels, 'label!');
}
