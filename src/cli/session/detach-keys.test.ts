import { expect, test } from 'bun:test';
import { DetachKeys, parseDetachKeys } from './detach-keys.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

test('detach keys are read by name', () => {
  expect(parseDetachKeys('')).toEqual([16, 17]);
  expect(parseDetachKeys('ctrl-@,a,ctrl-[')).toEqual([0, 97, 27]);
  expect(() => parseDetachKeys('ctrl-,x')).toThrow('invalid detach keys (ctrl-,x)');
});

test('detach keys end the session, also when typed in two pieces', () => {
  const keys = new DetachKeys([16, 17]);
  expect(keys.push(bytes(97, 16))).toEqual({ send: bytes(97), detach: false });
  expect(keys.push(bytes(17))).toEqual({ send: bytes(), detach: true });
});

test('detach keys that were only begun are passed on', () => {
  const keys = new DetachKeys([16, 17]);
  expect(keys.push(bytes(16, 98)).send).toEqual(bytes(16, 98));
  expect(keys.push(bytes(16, 16, 99)).send).toEqual(bytes(16, 16, 99));
});
