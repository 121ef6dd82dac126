import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

const plain = (header: string | undefined) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges', () => {
  test.each([
    [undefined, []],
    ['', []],
    ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:x:pull,push"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:x:pull,push',
          },
        ],
      ],
    ],
    ['BEARER Realm = "a\\"b" , service=x', [['bearer', { realm: 'a"b', service: 'x' }]]],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate YWJj==, Bearer realm="x"',
      [
        ['negotiate', {}],
        ['bearer', { realm: 'x' }],
      ],
    ],
    [
      'Basic realm="x", Bearer realm="y"',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y' }],
      ],
    ],
    ['Bearer realm=http://localhost/token', [['bearer', { realm: 'http://localhost/token' }]]],
    [
      'Bearer realm="unfinished',
      [
        ['bearer', {}],
        ['realm', {}],
      ],
    ],
  ])('reads %p', (header, expected) => {
    expect(plain(header)).toEqual(expected as never);
  });

  test('ends and does not throw, whatever comes in', () => {
    const piece = fc.constantFrom(
      'Bearer',
      ' ',
      ',',
      '=',
      '"',
      '\\',
      'realm',
      'x',
      '/',
      ':',
      '\t',
      'Basic',
      '==',
    );
    const header = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(header, (text) => {
        for (const { scheme } of parseChallenges(text)) expect(scheme).toBe(scheme.toLowerCase());
      }),
      { numRuns: 3000 },
    );
    for (const text of ['"'.repeat(1e6), 'a '.repeat(1e6), `a b="${'\\'.repeat(1e6)}`, 'a=b,'.repeat(1e6)]) {
      parseChallenges(text);
    }
  });

  test('gives back what was quoted', () => {
    const value = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(value, value, (realm, service) => {
        const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const [challenge] = parseChallenges(`Bearer realm=${quote(realm)}, service=${quote(service)}`);
        expect(challenge?.parameters.get('realm')).toBe(realm);
        expect(challenge?.parameters.get('service')).toBe(service);
      }),
    );
  });
});
