import { afterAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { withoutSystemd } from './lean-program.ts';

const CRUN = '/usr/bin/crun';
const folder = mkdtempSync(join(tmpdir(), 'minke-lean-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!existsSync(CRUN))('crun without libsystemd', () => {
  const whole = existsSync(CRUN) ? readFileSync(CRUN) : Buffer.alloc(0);

  test('runs, and loads it no more', () => {
    const lean = withoutSystemd(whole);
    if (!lean) throw new Error('crun is of a shape that is not understood');
    const path = join(folder, 'crun');
    writeFileSync(path, lean);
    chmodSync(path, 0o755);
    const [before, after] = [CRUN, path].map((program) => spawnSync(program, ['--version']));
    expect(after?.stderr.toString()).toBe('');
    expect(after?.stdout.toString()).toBe(before?.stdout.toString() ?? '');
    expect(spawnSync('ldd', [CRUN]).stdout.toString()).toContain('libsystemd');
    expect(spawnSync('ldd', [path]).stdout.toString()).not.toMatch(/libsystemd|liblzma/);
    // There is nothing more to take.
    expect(withoutSystemd(lean)).toBeUndefined();
  });

  test('is not made of a program that is damaged, and nothing is thrown', () => {
    const places = fc.array(fc.tuple(fc.nat(0x200), fc.nat(255)), { minLength: 1, maxLength: 8 });
    const start = Number(whole.readBigUInt64LE(0x28));
    fc.assert(
      fc.property(places, fc.boolean(), (changes, inSections) => {
        const damaged = Buffer.from(whole);
        for (const [at, value] of changes) damaged[(inSections ? start : 0) + at] = value;
        const lean = withoutSystemd(damaged);
        expect(lean === undefined || lean.length === whole.length).toBe(true);
      }),
      { numRuns: 50 },
    );
    expect(withoutSystemd(whole.subarray(0, 5000))).toBeUndefined();
    expect(withoutSystemd(Buffer.from('#!/bin/sh\n'))).toBeUndefined();
  });
});
