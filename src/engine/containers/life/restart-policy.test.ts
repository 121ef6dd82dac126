import { expect, test } from 'bun:test';
import type { Container } from '../container.ts';
import { nextDelay, shouldRestart } from './restart-policy.ts';

test('the back-off doubles from 100 ms to a minute, and begins anew after a life of ten seconds', () => {
  const delays = [0];
  for (let n = 0; n < 12; n++) delays.push(nextDelay(delays.at(-1) ?? 0, 9));
  expect(delays.slice(1)).toEqual([
    ...[100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000],
  ]);
  expect(nextDelay(60_000, 10)).toBe(100);
});

function asks(
  policy: string,
  facts: { exit?: number; max?: number; count?: number; byHand?: boolean; intent?: 'stop' },
) {
  const RestartPolicy = { Name: policy, MaximumRetryCount: facts.max ?? 0 };
  const record = {
    hostConfig: { RestartPolicy },
    restartCount: facts.count ?? 0,
    hasBeenManuallyStopped: facts.byHand ?? false,
  };
  return shouldRestart({ record, intent: facts.intent ?? 'none' } as Container, facts.exit ?? 0);
}

test.each(['always', 'unless-stopped'])(
  '%s restarts whatever the exit code, unless somebody stopped it',
  (policy) => {
    expect([asks(policy, {}), asks(policy, { exit: 1 })]).toEqual([true, true]);
    expect([asks(policy, { byHand: true }), asks(policy, { intent: 'stop' })]).toEqual([false, false]);
  },
);

test('on-failure restarts after an exit code, so many times', () => {
  expect([asks('on-failure', {}), asks('on-failure', { exit: 1, count: 1000 })]).toEqual([false, true]);
  const counted = [0, 1, 2, 3].map((count) => asks('on-failure', { exit: 1, max: 2, count }));
  expect(counted).toEqual([true, true, false, false]);
  expect(asks('on-failure', { exit: 1, byHand: true })).toBe(false);
});

test('no policy restarts nothing', () => {
  expect([asks('no', { exit: 1 }), asks('', { exit: 1 })]).toEqual([false, false]);
});
