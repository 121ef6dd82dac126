import { describe, expect, test } from 'bun:test';
import { FlagSet } from './flag-set.ts';
import { parseBytes, parseDuration, parseInt64 } from './go-values.ts';
import { isIP } from './ip.ts';

function sample() {
  const set = new FlagSet();
  const flags = {
    tty: set.bool('tty', { short: 't' }),
    interactive: set.bool('interactive', { short: 'i' }),
    env: set.list('env', { short: 'e' }),
    name: set.string('name'),
  };
  return { set, flags };
}

describe('flags', () => {
  test('stop at the first operand when it begins somebody else’s words', () => {
    const { set, flags } = sample();
    expect(set.parse(['-it', '-e=A=b', '-eC=d', '--name=x', 'image', '-t'], { stopAtOperand: true })).toEqual(
      ['image', '-t'],
    );
    expect([flags.tty.value, flags.interactive.value, flags.env.value, flags.name.value]).toEqual([
      true,
      true,
      ['A=b', 'C=d'],
      'x',
    ]);
  });

  test('may stand between operands otherwise, and -- ends them', () => {
    const { set, flags } = sample();
    expect(set.parse(['a', '--tty=false', 'b', '-', '--', '-x'])).toEqual(['a', 'b', '-', '-x']);
    expect(flags.tty.changed).toBe(true);
  });

  test.each([
    [['--nope'], 'unknown flag: --nope'],
    [['-ix'], "unknown shorthand flag: 'x' in -x"],
    [['--name'], 'flag needs an argument: --name'],
    [['-te'], "flag needs an argument: 'e' in -e"],
    [
      ['--tty=maybe'],
      'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
  ])('%p is refused', (words, message) => {
    expect(() => sample().set.parse(words)).toThrow(message);
  });
});

describe('values', () => {
  test.each([
    ['64m', 64 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['512', 512],
    ['2 GiB', 2 * 2 ** 30],
    ['10b', 10],
  ])('%s is %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  test.each([
    ['1h30m', 5400e9],
    ['1.5s', 1.5e9],
    ['-200ms', -200e6],
    ['0', 0],
  ])('%s is %d nanoseconds', (text, nanos) => expect(parseDuration(text)).toBe(nanos));

  test.each([
    ['0x10', 16],
    ['010', 8],
    ['-1_000', -1000],
  ])('%s is the number %d', (text, number) => expect(parseInt64(text)).toBe(number));

  test.each([
    ['127.0.0.1', true],
    ['256.0.0.1', false],
    ['::', true],
    ['fe80::1', true],
    ['::ffff:1.2.3.4', true],
    ['1:2:3', false],
    ['1::2::3', false],
    ['x', false],
  ])('%s is an address: %p', (text, yes) => expect(isIP(text)).toBe(yes));
});
