import { expect, test } from 'bun:test';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chmodAt, cString } from './file-calls.ts';

test('chmodAt changes what is named, and never what a link leads to', () => {
  const folder = mkdtempSync(join(tmpdir(), 'minke-chmod-'));
  writeFileSync(join(folder, 'file'), '', { mode: 0o600 });
  symlinkSync(join(folder, 'file'), join(folder, 'link'));
  const dir = openSync(folder, 'r');
  try {
    expect(chmodAt(dir, cString('link'), 0o777)).toBe(-constants.errno.EOPNOTSUPP);
    expect(statSync(join(folder, 'file')).mode & 0o7777).toBe(0o600);
    expect(chmodAt(dir, cString('file'), 0o4751)).toBe(0);
    expect(statSync(join(folder, 'file')).mode & 0o7777).toBe(0o4751);
    expect(chmodAt(dir, cString('.'), 0o711)).toBe(0);
    expect(statSync(folder).mode & 0o7777).toBe(0o711);
  } finally {
    closeSync(dir);
    rmSync(folder, { recursive: true });
  }
});
