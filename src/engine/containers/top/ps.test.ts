import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parsePs } from './ps-output.ts';

describe('parsePs', () => {
  const output = `UID          PID    PPID  C STIME TTY          TIME CMD
root       19158   19130  0 13:56 ?        00:00:00 sh -c a  b
root       19159   19130  0 13:56 ?        00:00:00 other
`;

  test('keeps the container’s processes, the words of a command in one cell', () => {
    expect(parsePs(output, new Set([19158]))).toEqual({
      Processes: [['root', '19158', '19130', '0', '13:56', '?', '00:00:00', 'sh -c a b']],
      Titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
    });
    expect(parsePs(output, new Set()).Processes).toBeNull();
  });

  test('keeps the threads of a process that is kept', () => {
    const text = 'PID TTY STAT TIME COMMAND\n7 ? - 0:00 a\n- - S 0:00 -\n8 ? - 0:00 b\n- - S 0:00 -\n';
    expect(parsePs(text, new Set([7])).Processes).toEqual([
      ['7', '?', '-', '0:00', 'a'],
      ['-', '-', 'S', '0:00', '-'],
    ]);
  });

  test('refuses an output without the column, or with something else in it', () => {
    expect(() => parsePs('COMMAND\nsh\n', new Set([7]))).toThrow("Couldn't find PID field in ps output");
    expect(() => parsePs('PID\nx\n', new Set([7]))).toThrow("Unexpected pid 'x': ");
  });

  test('takes any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parsePs(`PID X\n${text}`, new Set([1]));
        } catch (error) {
          expect(String(error)).toMatch(/PID field|Unexpected pid/);
        }
      }),
    );
  });
});
