import { describe, expect, test } from 'bun:test';
import { answerFlags } from './answer-flags.ts';

const identity = () => ({ version: '1.2.3', gitCommit: 'abc1234', buildTime: '', jsRuntime: '' });

describe('flags that only print', () => {
  test.each([['--version'], ['-v']])('%s says the version, as dockerd does', (flag) => {
    expect(answerFlags([flag], identity)).toBe('Minke version 1.2.3, build abc1234\n');
  });

  test('--help names every flag with its short form', () => {
    const text = answerFlags(['--debug', '--help'], identity);
    expect(text).toContain('  -H, --host list\n');
    expect(text).toContain('      --config-file string\n');
    expect(text).toContain('  -D, --debug\n');
  });

  test('anything else starts the daemon', () => {
    expect(answerFlags(['--debug', '-H', 'unix:///x'], identity)).toBeUndefined();
  });
});
