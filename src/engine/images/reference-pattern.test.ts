import { expect, test } from 'bun:test';
import { checkPattern, matchesPattern } from './reference-pattern.ts';

test('matchesPattern does not cross a slash', () => {
  expect(matchesPattern('busy*', 'busybox')).toBe(true);
  expect(matchesPattern('*', 'a/b')).toBe(false);
  expect(matchesPattern('b?x[0-9]', 'box1')).toBe(true);
});

test('checkPattern refuses what Go refuses', () => {
  for (const good of ['*', 'a[b-c]', 'a[^b]', 'a\\[', '']) checkPattern(good);
  for (const bad of ['[', 'a[]', 'a\\']) expect(() => checkPattern(bad)).toThrow('syntax error in pattern');
});
