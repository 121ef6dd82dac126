import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFile } from './flock.ts';

test('lockFile gives undefined when the lock is held, and the lock again when it was let go', () => {
  const directory = mkdtempSync(join(tmpdir(), 'minke-flock-'));
  try {
    const path = join(directory, 'lock');
    const first = lockFile(path);
    expect(first).toBeDefined();
    expect(lockFile(path)).toBeUndefined();
    first?.[Symbol.dispose]();
    const second = lockFile(path);
    expect(second).toBeDefined();
    second?.[Symbol.dispose]();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
