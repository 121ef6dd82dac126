/** Ids from `inside` on, so many of them, are those from `outside` on in the user namespace above. */
export interface IdRange {
  inside: number;
  outside: number;
  size: number;
}

/** A mapping of users and groups. Spec: user_namespaces(7). */
export interface IdMap {
  uids: readonly IdRange[];
  gids: readonly IdRange[];
}

export interface Owner {
  uid: number;
  gid: number;
}

/** What the kernel shows for an id that has no mapping. Spec: /proc/sys/kernel/overflowuid. */
const NOBODY = 65534;

/** Who somebody of the namespace is on the host. */
export function outsideOwner(map: IdMap, { uid, gid }: Owner): Owner {
  return { uid: moved(map.uids, uid, 'inside', 'outside'), gid: moved(map.gids, gid, 'inside', 'outside') };
}

/** Who somebody of the host is in the namespace. */
export function insideOwner(map: IdMap, { uid, gid }: Owner): Owner {
  return { uid: moved(map.uids, uid, 'outside', 'inside'), gid: moved(map.gids, gid, 'outside', 'inside') };
}

function moved(
  ranges: readonly IdRange[],
  id: number,
  from: 'inside' | 'outside',
  to: 'inside' | 'outside',
): number {
  const range = ranges.find((one) => id >= one[from] && id < one[from] + one.size);
  return range ? range[to] + id - range[from] : NOBODY;
}
