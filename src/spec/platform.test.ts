import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  formatPlatform,
  hostPlatform,
  matchesPlatform,
  parsePlatform,
  platformDistance,
} from './platform.ts';

const host = hostPlatform();

describe('parsePlatform', () => {
  test.each([
    ['linux/amd64', 'linux/amd64'],
    ['Linux/x86_64', 'linux/amd64'],
    ['linux/arm64/v8', 'linux/arm64/v8'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm', 'linux/arm'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/386', 'linux/386'],
    ['linux/i386', 'linux/386'],
    ['windows(10.0.17763)/amd64', 'windows(10.0.17763)/amd64'],
    ['macos/arm64', 'darwin/arm64'],
    ['linux', `linux/${host.architecture}`],
    ['s390x', `${host.os}/s390x`],
  ])('reads %s', (text, printed) => {
    expect(formatPlatform(parsePlatform(text))).toBe(printed);
  });

  test.each([
    ['foo', '"foo": unknown operating system or architecture: invalid argument'],
    ['linux/*', '"linux/*": wildcards not yet supported: invalid argument'],
    ['a/b/c/d', '"a/b/c/d": cannot parse platform specifier: invalid argument'],
    [
      'linux/',
      '"" is an invalid component of "linux/": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument',
    ],
    [
      '',
      '"" is an invalid OS component of "": OSAndVersion specifier component must match "^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.-]*)\\\\))?$": invalid argument',
    ],
  ])('refuses %p', (text, message) => {
    expect(() => parsePlatform(text)).toThrow(message);
  });

  test('reads back what it prints', () => {
    const part = fc.constantFrom(
      'linux',
      'windows(1.2)',
      'arm',
      'arm64',
      'amd64',
      'v8',
      'v7',
      'v6',
      'x',
      '',
      '*',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        let printed: string;
        try {
          printed = formatPlatform(parsePlatform(parts.join('/')));
        } catch (error) {
          expect(error).toMatchObject({ name: 'EngineError', code: 'invalid' });
          return;
        }
        expect(formatPlatform(parsePlatform(printed))).toBe(printed);
      }),
    );
  });
});

describe('platformDistance', () => {
  const distance = (a: string, b: string) => platformDistance(parsePlatform(a), parsePlatform(b));

  test('prefers the exact variant, then older ones', () => {
    expect(distance('linux/arm/v7', 'linux/arm')).toBe(0);
    expect(distance('linux/arm/v7', 'linux/arm/v6')).toBe(1);
    expect(distance('linux/arm/v6', 'linux/arm/v7')).toBeUndefined();
    expect(distance('linux/amd64/v3', 'linux/amd64')).toBe(2);
    expect(distance('linux/amd64', 'linux/amd64/v2')).toBeUndefined();
    expect(distance('linux/arm64', 'linux/arm64/v8')).toBe(0);
  });

  test('another system or architecture does not match', () => {
    expect(matchesPlatform(parsePlatform('linux/amd64'), parsePlatform('windows/amd64'))).toBe(false);
    expect(matchesPlatform(parsePlatform('linux/amd64'), parsePlatform('linux/arm64'))).toBe(false);
    expect(matchesPlatform(host, { os: 'unknown', architecture: 'unknown' })).toBe(false);
  });
});
