import { expect, test } from 'bun:test';
import { Waiters } from './waiters.ts';

const live = () => new AbortController().signal;

test('an exit resolves those who wait for it, and leaves those who wait for the removal', async () => {
  const waiters = new Waiters();
  const exit = waiters.add('next-exit', live());
  const removal = waiters.add('removed', live());
  waiters.exited({ statusCode: 3 });
  expect(await exit).toEqual({ statusCode: 3 });
  waiters.removed({ statusCode: 4 });
  expect(await removal).toEqual({ statusCode: 4 });
});

test('an aborted wait resolves with an error and is forgotten', async () => {
  const waiters = new Waiters();
  const abort = new AbortController();
  const exit = waiters.add('not-running', abort.signal);
  abort.abort();
  waiters.exited({ statusCode: 0 });
  expect(await exit).toEqual({ statusCode: -1, error: 'context canceled' });
});
