import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT, programFile } from './package.ts';

describe('programFile', () => {
  test('gives sources to sources, bundles to bundles', () => {
    expect(programFile('logs/pump/worker.ts')).toBe(join(PACKAGE_ROOT, 'src/logs/pump/worker.ts'));
    expect(programFile('logs/pump/worker.ts', 'dist')).toBe(join(PACKAGE_ROOT, 'dist/logs/pump/worker.js'));
    expect(existsSync(join(PACKAGE_ROOT, 'package.json'))).toBeTrue();
  });
});
