import { expect, test } from 'bun:test';
import { isRunning, move, TRANSITIONS } from './status.ts';

test('move gives the new status when the table has the move', () => {
  expect(move('created', 'running')).toBe('running');
  expect(move('paused', 'exited')).toBe('exited');
});

test('move refuses when the table does not have the move', () => {
  expect(() => move('removing', 'running')).toThrow('illegal change of container state: removing to running');
  expect(() => move('created', 'paused')).toThrow();
});

test('every state but dead can be left for another, and every state can be reached', () => {
  const reached = new Set(Object.values(TRANSITIONS).flatMap((moves) => Object.keys(moves)));
  for (const [status, moves] of Object.entries(TRANSITIONS)) {
    expect(Object.keys(moves).length).toBeGreaterThan(0);
    if (status !== 'created') expect(reached.has(status)).toBe(true);
  }
});

test('isRunning is true when a process is there or will be', () => {
  expect([isRunning('running'), isRunning('paused'), isRunning('restarting')]).toEqual([true, true, true]);
  expect([isRunning('created'), isRunning('exited'), isRunning('dead')]).toEqual([false, false, false]);
});
