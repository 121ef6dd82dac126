import { expect, test } from 'bun:test';
import { humanDuration } from './human-status.ts';

test('humanDuration says what go-units says at its borders', () => {
  const cases: [number, string][] = [
    [0, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [119, 'About a minute'],
    [120, '2 minutes'],
    [3599, '59 minutes'],
    [3600, 'About an hour'],
    [7200, '2 hours'],
    [172_800, '2 days'],
    [1_209_600, '2 weeks'],
    [5_184_000, '2 months'],
    [63_072_000, '2 years'],
  ];
  for (const [seconds, text] of cases) expect(humanDuration(BigInt(seconds))).toBe(text);
});
