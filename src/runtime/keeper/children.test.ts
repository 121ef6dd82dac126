import { expect, test } from 'bun:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SpawnRequest } from '../../sys/mod.ts';
import { Children } from './children.ts';
import { LineReader } from './line-reader.ts';

const none = { path: '/dev/null', flags: 2 };
const shell = (script: string): SpawnRequest => ({
  path: '/bin/sh',
  argv: ['sh', '-c', script],
  env: {},
  stdio: [none, none, none],
});

test('a status that nobody claimed is not taken for that of a later process of the same number', async () => {
  // Nothing else of this process may have children meanwhile: reaping takes them all.
  const children = new Children();
  try {
    const { pid, ended } = children.spawn(shell('exit 7'));
    await ended;
    // As if nobody had claimed it.
    children.keepUnclaimed(pid, 7 << 8);
    const statuses: number[] = [];
    children.claim(pid, (status) => statuses.push(status), { unreaped: true });
    await sleep(1);
    expect(statuses).toEqual([]);
    children.keepUnclaimed(pid + 1, 7 << 8);
    children.claim(pid + 1, (status) => statuses.push(status));
    await sleep(1);
    expect(statuses).toEqual([7 << 8]);
  } finally {
    children.close();
  }
});

test('LineReader takes lines in pieces and refuses one that is too long', () => {
  const reader = new LineReader(8);
  const lines: string[] = [];
  reader.push('ab', (line) => lines.push(line));
  reader.push('c\nde\nf', (line) => lines.push(line));
  expect(lines).toEqual(['abc', 'de']);
  expect(() => reader.push('ghijklmno', () => {})).toThrow('line too long');
});
