import { expect, test } from 'bun:test';
import { runProgram } from './program.ts';
import { CaptureOutput } from './testing/capture-output.ts';

test.each([
  [['build', '.'], "minke: 'minke build' is not implemented by Minke yet\n"],
  [['swarm', 'init'], "minke: 'minke swarm' is not implemented by Minke yet\n"],
  [['frobnicate'], 'minke: unknown command: minke frobnicate\n\n'],
])('minke %p says whether there is such a command at all', async (argv, sentence) => {
  const stdout = new CaptureOutput();
  const stderr = new CaptureOutput();
  expect(await runProgram(argv, {}, { stdout, stderr })).toBe(1);
  expect(stderr.text).toStartWith(sentence);
  expect(stdout.text).toBe('');
});
