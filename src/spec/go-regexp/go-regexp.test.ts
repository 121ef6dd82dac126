import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { compileGoRegexp } from './go-regexp.ts';
import { GoRegexpError } from './parse.ts';

describe('an expression of Go', () => {
  test.each([
    ['', 'x', true],
    ['^foo$', 'foo', true],
    ['^foo$', 'foo\n', false],
    ['(?i)^foo', 'FOObar', true],
    ['^a\\-b', 'a-b', true],
    ['a(?i)b(?-i)c', 'aBc', true],
    ['a(?i:b)c', 'aBC', false],
    ['(a(?i)b)c', 'aBC', false],
    ['^[[:alpha:]]+$', 'abC', true],
    ['^[[:^alpha:]_-]+$', '12-', true],
    ['^[^a-c]$', 'b', false],
    ['^[]a]+$', ']a', true],
    ['^\\pL\\p{Greek}\\PL$', 'éα1', true],
    ['(?P<n>x)(?<m>y)', 'xy', true],
    ['\\Aa\\z', 'a', true],
    ['^\\Qa.b\\E$', 'a.b', true],
    ['^\\Qa.b\\E$', 'axb', false],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{,3}$', 'a{,3}', true],
    ['^(a|bc)*?d?$', 'abcad', true],
    ['\\bx\\B', 'a xy', true],
    ['(?m)^b$', 'a\nb\nc', true],
    ['^.$', '\n', false],
    ['(?s)^.$', '\n', true],
    ['^.$', '😀', true],
    ['^\\x41\\x{42}\\103\\t$', 'ABC\t', true],
    ['^\\d\\D\\w\\W\\s\\S$', '1aa- x', true],
    ['(|a)*b', 'aab', true],
  ])('%j and %j: %p', (source, text, matches) => {
    expect(compileGoRegexp(source)(text)).toBe(matches);
  });

  test.each([
    ['(', 'missing closing ): `(`'],
    ['a)', 'unexpected ): `a)`'],
    ['[a', 'missing closing ]: `[a`'],
    ['*', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['a{2,1}', 'invalid repeat count: `{2,1}`'],
    ['(a)\\1', 'invalid escape sequence: `\\1`'],
    ['\\y', 'invalid escape sequence: `\\y`'],
    ['a\\', 'trailing backslash at end of expression: ``'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(?!a)', 'invalid or unsupported Perl syntax: `(?!`'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['[[:nope:]]', 'invalid character class range: `[:nope:]`'],
    ['\\p{Nope}', 'invalid character class range: `\\p{Nope}`'],
    ['(?<=a)', 'invalid or unsupported Perl syntax: `(?<`'],
    ['((){1000}){1000}', 'expression too large: `((){1000}){1000}`'],
    ['((a{1000}){1000}){1000}', 'expression too large: `((a{1000}){1000}){1000}`'],
  ])('%j is refused', (source, sentence) => {
    expect(() => compileGoRegexp(source)).toThrow(`error parsing regexp: ${sentence}`);
  });

  test('is as fast as it is long, also where JavaScript would go back on its steps for ever', () => {
    expect(compileGoRegexp('^(a+)+$')(`${'a'.repeat(2000)}b`)).toBe(false);
  });

  test('of any shape is read or refused, and agrees with JavaScript where the two mean the same', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ab|()*+?.^$[\]\\{},1-]{0,20}$/),
        fc.stringMatching(/^[ab]{0,6}$/),
        (source, text) => {
          let ours: boolean;
          try {
            ours = compileGoRegexp(source)(text);
          } catch (error) {
            expect(error).toBeInstanceOf(GoRegexpError);
            return;
          }
          let theirs: RegExp;
          try {
            theirs = new RegExp(source, 'u');
          } catch {
            return;
          }
          // In JavaScript `[]` and `[^]` are classes.
          if (!/\[\^?\]/.test(source)) expect(ours).toBe(theirs.test(text));
        },
      ),
    );
  });
});
