import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInit, requireInit } from './init-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'minke-init-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('findInit', () => {
  test('takes what is executable, docker-init first', () => {
    expect(findInit([folder])).toBeUndefined();
    writeFileSync(join(folder, 'docker-init'), '', { mode: 0o644 });
    writeFileSync(join(folder, 'catatonit'), '', { mode: 0o755 });
    expect(findInit([folder])).toBe(join(folder, 'catatonit'));
    writeFileSync(join(folder, 'tini'), '', { mode: 0o755 });
    expect(findInit([folder])).toBe(join(folder, 'tini'));
  });

  test("says Docker's sentence when there is none", () => {
    expect(() => requireInit('', ['/nonexistent'])).toThrow(
      'exec: "docker-init": executable file not found in $PATH',
    );
  });
});
