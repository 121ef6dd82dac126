import { expect, test } from 'bun:test';
import { parseCpuset } from './cpuset.ts';

test('parseCpuset reads numbers and ranges, and nothing else', () => {
  expect(parseCpuset('0-2,5')).toEqual(new Set([0, 1, 2, 5]));
  expect(parseCpuset('')).toEqual(new Set());
  for (const bad of ['abc', '2-1', '-1', '1-', '99999']) expect(parseCpuset(bad)).toBeUndefined();
});
