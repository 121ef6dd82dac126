import { expect, test } from 'bun:test';
import { checkSignal, parseSignal } from './signals.ts';

test('parseSignal takes numbers and names, with and without SIG, in any case', () => {
  expect(['9', 'KILL', 'SIGKILL', 'kill', 'sigterm'].map(parseSignal)).toEqual([9, 9, 9, 9, 15]);
});

test('parseSignal takes real-time signals when they are in range', () => {
  expect(['RTMIN', 'SIGRTMIN+3', 'RTMAX-1'].map(parseSignal)).toEqual([34, 37, 63]);
  expect(() => parseSignal('RTMIN+40')).toThrow('invalid signal: RTMIN+40');
});

test('parseSignal refuses what is no signal', () => {
  for (const bad of ['', '0', 'NOPE', '9x', '-x'])
    expect(() => parseSignal(bad)).toThrow(`invalid signal: ${bad}`);
});

test('checkSignal refuses a number when this kernel has no such signal', () => {
  for (const number of [1, 9, 64]) expect(() => checkSignal(number)).not.toThrow();
  for (const text of ['65', '-9']) {
    expect(() => checkSignal(parseSignal(text))).toThrow(`the linux daemon does not support signal ${text}`);
  }
});
