import { expect, test } from 'bun:test';
import { insideOwner, outsideOwner } from './id-map.ts';

const ranges = [
  { inside: 0, outside: 100_000, size: 1000 },
  { inside: 1000, outside: 500_000, size: 10 },
];
const map = { uids: ranges, gids: ranges };

test('owners are moved by the range that they are in, there and back', () => {
  for (const [inside, outside] of [
    [0, 100_000],
    [999, 100_999],
    [1000, 500_000],
    [1009, 500_009],
  ] as const) {
    expect(outsideOwner(map, { uid: inside, gid: 0 })).toEqual({ uid: outside, gid: 100_000 });
    expect(insideOwner(map, { uid: outside, gid: 100_000 })).toEqual({ uid: inside, gid: 0 });
  }
});

test('who has no mapping is nobody', () => {
  expect(outsideOwner(map, { uid: 1010, gid: 0 }).uid).toBe(65534);
  expect(insideOwner(map, { uid: 0, gid: 99_999 })).toEqual({ uid: 65534, gid: 65534 });
});
