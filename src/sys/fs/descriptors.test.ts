import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Opens more and more, and compares what is said with what can be done. */
const PROGRAM = `
import { openSync } from 'node:fs';
import { canOpen, descriptorsFree } from ${JSON.stringify(join(import.meta.dirname, 'descriptors.ts'))};
const said = [];
for (let opened = 0; opened < 120; opened++) {
  said.push([descriptorsFree(64), canOpen(64)]);
  try { openSync('/dev/null') } catch { break }
}
console.log(JSON.stringify(said));`;

test('descriptors are free as long as they can be opened', () => {
  const command = `ulimit -n 128; exec "$0" -e "$1"`;
  const { stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, PROGRAM]);
  const said = JSON.parse(stdout.toString() || stderr.toString()) as [boolean, boolean][];
  expect(said.map(([free]) => free)).toEqual(said.map(([, can]) => can));
  expect(new Set(said.map(([free]) => free)).size).toBe(2);
});
