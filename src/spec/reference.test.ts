import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Digest } from './digest.ts';
import {
  canonicalName,
  canonicalRepository,
  familiarName,
  familiarRepository,
  parseReference,
  withDefaultTag,
  withDigest,
  withTag,
} from './reference.ts';

const HEX = 'a1'.repeat(32);
const SHA = `sha256:${HEX}` as Digest;

describe('parseReference', () => {
  test.each([
    ['busybox', 'docker.io', 'library/busybox'],
    ['user/app', 'docker.io', 'user/app'],
    ['docker.io/busybox', 'docker.io', 'library/busybox'],
    ['index.docker.io/busybox', 'docker.io', 'library/busybox'],
    ['docker.io/library/busybox', 'docker.io', 'library/busybox'],
    ['localhost/x', 'localhost', 'x'],
    ['localhost:5000/x', 'localhost:5000', 'x'],
    ['ghcr.io/a/b/c', 'ghcr.io', 'a/b/c'],
    ['Host/x', 'Host', 'x'],
    ['[::1]:5000/x', '[::1]:5000', 'x'],
    ['a__b/c-_d'.replace('-_', '--'), 'docker.io', 'a__b/c--d'],
  ])('reads %s', (text, domain, path) => {
    expect(parseReference(text)).toEqual({ domain, path });
  });

  test('reads tag and digest', () => {
    expect(parseReference(`host:5000/a/b:tag@${SHA}`)).toEqual({
      domain: 'host:5000',
      path: 'a/b',
      tag: 'tag',
      digest: SHA,
    });
    expect(parseReference('busybox:1.36')).toEqual({
      domain: 'docker.io',
      path: 'library/busybox',
      tag: '1.36',
    });
  });

  test.each([
    ['', 'invalid reference format'],
    [':x', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['busybox:', 'invalid reference format'],
    ['busybox:a b', 'invalid reference format'],
    ['-x', 'invalid reference format'],
    ['a/b/', 'invalid reference format'],
    ['busybox@sha256:abc', 'invalid reference format'],
    [`busybox:${'t'.repeat(129)}`, 'invalid reference format'],
    ['x'.repeat(100_000), 'invalid reference format'],
    [`${'a-'.repeat(50_000)}/b`, 'invalid reference format'],
    ['BusyBox', 'invalid reference format: repository name (library/BusyBox) must be lowercase'],
    ['user/App:x', 'invalid reference format: repository name (user/App) must be lowercase'],
    ['localhost/A', 'invalid reference format: repository name (A) must be lowercase'],
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    ['x'.repeat(248), 'repository name must not be more than 255 characters'],
    [`x@sha256:${'a'.repeat(40)}`, 'invalid checksum digest length'],
    [`x@sha256:${'A'.repeat(64)}`, 'invalid checksum digest format'],
    [`x@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
  ])('refuses %p', (text, message) => {
    expect(() => parseReference(text)).toThrow(message);
  });

  test('throws only EngineErrors and gives what its own printing reads back, whatever comes in', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '0',
      '.',
      '_',
      '-',
      '/',
      ':',
      '@',
      'localhost',
      'docker.io',
      SHA,
      '[',
      ']',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        let ref: ReturnType<typeof parseReference>;
        try {
          ref = parseReference(input);
        } catch (error) {
          expect(error).toMatchObject({ name: 'EngineError', code: 'invalid' });
          return;
        }
        expect(parseReference(canonicalName(ref))).toEqual(ref);
        if (!IS_IDENTIFIER.test(familiarName(ref))) expect(parseReference(familiarName(ref))).toEqual(ref);
      }),
      { numRuns: 3000 },
    );
  });
});

const IS_IDENTIFIER = /^[a-f0-9]{64}$/;

describe('printing', () => {
  test.each([
    ['busybox:1', 'docker.io/library/busybox:1', 'busybox:1'],
    ['library/busybox', 'docker.io/library/busybox', 'busybox'],
    ['library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['u/x', 'docker.io/u/x', 'u/x'],
    ['docker.io/localhost/x', 'docker.io/localhost/x', 'docker.io/localhost/x'],
    ['docker.io/a.b/x', 'docker.io/a.b/x', 'docker.io/a.b/x'],
    [`localhost:5000/x@${SHA}`, `localhost:5000/x@${SHA}`, `localhost:5000/x@${SHA}`],
  ])('%s', (text, canonical, familiar) => {
    expect(canonicalName(parseReference(text))).toBe(canonical);
    expect(familiarName(parseReference(text))).toBe(familiar);
  });

  test('repository names carry no tag', () => {
    expect(canonicalRepository(parseReference('x:1'))).toBe('docker.io/library/x');
    expect(familiarRepository(parseReference('x:1'))).toBe('x');
  });

  test('withDefaultTag adds latest only to a bare name', () => {
    expect(familiarName(withDefaultTag(parseReference('x')))).toBe('x:latest');
    expect(familiarName(withDefaultTag(parseReference('x:1')))).toBe('x:1');
    expect(familiarName(withDefaultTag(parseReference(`x@${SHA}`)))).toBe(`x@${SHA}`);
  });

  test('withTag and withDigest replace both', () => {
    const ref = parseReference(`x:1@${SHA}`);
    expect(familiarName(withTag(ref, '2'))).toBe('x:2');
    expect(familiarName(withDigest(ref, SHA))).toBe(`x@${SHA}`);
    expect(() => withTag(ref, '-')).toThrow('invalid tag format');
  });
});
