import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spool } from './spool.ts';

const KB = 1024;
const bytes = Buffer.alloc(100 * KB, 'spool');
/** A filesystem of 256 KB. */
const folder = mkdtempSync(join(tmpdir(), 'minke-spool-'));
const path = join(folder, 'spool');

beforeAll(() => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', folder]);
});
afterAll(() => {
  execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
});

function replayed(spool: Spool): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const buffer = Buffer.alloc(30_000);
    const count = spool.replay(buffer);
    if (count === 0) return Buffer.concat(parts);
    parts.push(buffer.subarray(0, count));
  }
}

test('a spool gives back what was appended, and what is appended after that', () => {
  const first = new Spool(path, false);
  first.append(bytes);
  first.close();
  const second = new Spool(path, true);
  expect(replayed(second).equals(bytes)).toBe(true);
  second.append(bytes);
  second.close();
  expect(readFileSync(path).equals(Buffer.concat([bytes, bytes]))).toBe(true);
  const third = new Spool(path, true);
  third.replay(Buffer.alloc(80 * KB));
  third.close();
  expect(readFileSync(path).length).toBe(80 * KB);
  new Spool(path, true).discard();
  expect(existsSync(path)).toBe(false);
});

test('a spool of next to nothing is not left', () => {
  const spool = new Spool(path, false);
  spool.append(bytes.subarray(0, KB));
  spool.close();
  expect(existsSync(path)).toBe(false);
});

test('a full disk costs the spool, and nobody hears of it', () => {
  const spool = new Spool(path, false);
  for (let n = 0; n < 5; n++) spool.append(bytes);
  expect(existsSync(path)).toBe(false);
  spool.append(bytes);
  spool.close();
  expect(existsSync(path)).toBe(false);
});
