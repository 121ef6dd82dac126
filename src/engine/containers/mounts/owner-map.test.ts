import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ownerMap } from './owner-map.ts';

const id = fc.nat(2 ** 32 - 3);

test('ownerMap lets two owners change places and all others stay, whoever they are', () => {
  fc.assert(
    fc.property(id, id, id, (disk, user, other) => {
      const { uids } = ownerMap({ uid: disk, gid: 0 }, { uid: user, gid: 1 }) ?? { uids: [] };
      const shown = (uid: number) => {
        const range = uids.filter(({ inside, size }) => uid >= inside && uid < inside + size);
        expect(range).toHaveLength(1);
        return (range[0]?.outside ?? 0) + uid - (range[0]?.inside ?? 0);
      };
      expect([shown(disk), shown(user)]).toEqual([user, disk]);
      if (other !== disk && other !== user) expect(shown(other)).toBe(other);
    }),
  );
});

test('ownerMap is nothing where both are the same', () => {
  expect(ownerMap({ uid: 5, gid: 6 }, { uid: 5, gid: 6 })).toBeUndefined();
});
