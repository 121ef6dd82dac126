import { EngineError } from '../../base/mod.ts';
import type { Events } from '../events/mod.ts';
import type { Filters } from '../filters.ts';

const KEYS = [
  'description',
  'id',
  'inuse',
  'label',
  'label!',
  'mutable',
  'parent',
  'private',
  'shared',
  'type',
  'until',
  'unused-for',
];

/** Nothing is built yet, so there is no cache and nothing goes. Compat: filters and event of moby's builder. */
export function pruneBuildCache(
  events: Pick<Events, 'publish'>,
  filters: Filters,
): { deleted: string[]; spaceReclaimed: number } {
  for (const key of filters.keys()) {
    if (!KEYS.includes(key)) {
      throw new EngineError('invalid', `failed to prune build cache: invalid filter '${key}'`);
    }
  }
  events.publish('builder', 'prune', '', { reclaimed: '0' });
  return { deleted: [], spaceReclaimed: 0 };
}
