import { expect, test } from 'bun:test';
import { DetachKeys } from './detach-keys.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

test('DetachKeys detaches when the sequence is complete, also over several writes', () => {
  const keys = new DetachKeys(undefined);
  expect(keys.push(bytes(97, 16))).toEqual({ pass: bytes(97), detached: false });
  expect(keys.push(bytes(17))).toEqual({ pass: bytes(), detached: true });
});

test('DetachKeys gives held bytes back when the sequence breaks', () => {
  const keys = new DetachKeys('ctrl-p,ctrl-q');
  expect(keys.push(bytes(16, 98)).pass).toEqual(bytes(16, 98));
  expect(keys.push(bytes(16, 16)).pass).toEqual(bytes(16));
  expect(keys.push(bytes(17)).detached).toBe(true);
});

test('DetachKeys takes single characters and refuses what is no key', () => {
  expect(new DetachKeys('a,b').push(bytes(97, 98)).detached).toBe(true);
  expect(() => new DetachKeys('shift-x')).toThrow('Invalid detach keys (shift-x) provided');
});
