import { expect, test } from 'bun:test';
import { EngineError, ERROR_CODES } from '../base/mod.ts';
import { failureOf, statusOf } from './errors.ts';

test('every error code has the status that Docker gives it', () => {
  expect(Object.fromEntries(ERROR_CODES.map((code) => [code, statusOf(code)]))).toEqual({
    'not-found': 404,
    conflict: 409,
    invalid: 400,
    'not-modified': 304,
    denied: 403,
    unauthorized: 401,
    unavailable: 503,
    unimplemented: 501,
    cancelled: 500,
    timeout: 500,
    corrupt: 500,
    internal: 500,
  });
  expect(failureOf(new EngineError('conflict', 'busy'))).toEqual({ status: 409, message: 'busy' });
  expect(failureOf('thrown text')).toEqual({ status: 500, message: 'thrown text' });
});
