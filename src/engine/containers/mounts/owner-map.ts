import type { IdMap, IdRange, Owner } from '../../../spec/id-map.ts';

/** Ids are below 2^32 - 1, which means nobody. */
const IDS = 2 ** 32 - 1;

/**
 * Lets what belongs to `disk` appear as `user`'s, and what `user` makes belong to `disk`. The two change places; all
 * other owners stay who they are. Undefined where both are the same.
 */
export function ownerMap(disk: Owner, user: Owner): IdMap | undefined {
  if (disk.uid === user.uid && disk.gid === user.gid) return undefined;
  return { uids: swapped(disk.uid, user.uid), gids: swapped(disk.gid, user.gid) };
}

/** Spec: user_namespaces(7): ranges that do not overlap, all ids in them. */
function swapped(a: number, b: number): IdRange[] {
  const [low, high] = a < b ? [a, b] : [b, a];
  const same = (from: number, to: number) => ({ inside: from, outside: from, size: to - from });
  if (low === high) return [same(0, IDS)];
  const ranges = [
    same(0, low),
    { inside: low, outside: high, size: 1 },
    same(low + 1, high),
    { inside: high, outside: low, size: 1 },
    same(high + 1, IDS),
  ];
  return ranges.filter(({ size }) => size > 0);
}
