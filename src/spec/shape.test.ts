import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  flag,
  integer,
  list,
  mapOf,
  object,
  optional,
  ShapeError,
  shaped,
  shapedOr,
  text,
  withDefault,
} from './shape.ts';

const shape = object({
  name: text,
  size: integer(0),
  tags: optional(list(text, 2)),
  on: withDefault(flag, true),
});

describe('shapes', () => {
  test('leave out what is unknown or null, and fill in defaults', () => {
    const value = { name: 'a', size: 1, tags: null, on: null, other: 1 };
    expect(shaped(shape, value)).toEqual({ name: 'a', size: 1, on: true });
    expect(Object.keys(shaped(shape, value))).not.toContain('tags');
  });

  test.each([
    [{ size: 1 }, 'name: expected a string'],
    [{ name: 'a', size: -1 }, 'size: expected an integer from 0 on'],
    [{ name: 'a', size: 1.5 }, 'size: expected an integer from 0 on'],
    [{ name: 'a', size: 1, tags: ['a', 2] }, 'tags.1: expected a string'],
    [{ name: 'a', size: 1, tags: ['a', 'b', 'c'] }, 'tags: expected no more than 2 entries'],
    [{ name: 'a', size: 1, tags: { length: 1 } }, 'tags: expected a list'],
    [[], 'document: expected an object'],
    [null, 'document: expected an object'],
  ])('say of %p where it is wrong', (value, message) => {
    expect(() => shaped(shape, value)).toThrow(message);
    expect(shapedOr(shape, value, 7)).toBe(7);
  });

  test('inherited properties are not read', () => {
    expect(() => shaped(object({ toString: text }), {})).toThrow('toString: expected a string');
    expect(shaped(mapOf(text), JSON.parse('{"__proto__":"x"}'))).toEqual(JSON.parse('{"__proto__":"x"}'));
  });

  test('throw nothing but ShapeErrors', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const one of [shape, mapOf(shape), list(shape), optional(text)]) {
          try {
            shaped<unknown>(one, value);
          } catch (error) {
            expect(error).toBeInstanceOf(ShapeError);
          }
        }
      }),
    );
  });
});
