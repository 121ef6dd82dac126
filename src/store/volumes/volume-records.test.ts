import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/mod.ts';
import type { VolumeRecord } from './volume-record.ts';
import { VolumeRecords } from './volume-records.ts';

let root: string;
let records: VolumeRecords;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'minke-volumes-'));
  records = new VolumeRecords(root, silentLogger);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const RECORD: VolumeRecord = {
  ...{ name: 'v', driver: 'local', labels: {}, options: {} },
  ...{ createdAt: '2026-01-01T00:00:00Z', anonymous: true },
};

test('a volume of which a crash left neither record nor files is no volume, and goes', () => {
  mkdirSync(join(root, 'volumes/v'));
  expect(records.load()).toEqual([]);
  expect(readdirSync(join(root, 'volumes'))).not.toContain('v');
});

test('a volume of which a crash left the record alone is whole after the next start', () => {
  records.create(RECORD);
  rmSync(records.mountpoint('v'), { recursive: true });
  expect(records.load()).toEqual([RECORD]);
  expect(existsSync(records.mountpoint('v'))).toBe(true);
});

test('a directory with files and without a record is a volume, as Docker leaves it', () => {
  mkdirSync(records.mountpoint('d'), { recursive: true });
  expect(records.load()).toMatchObject([{ name: 'd', anonymous: false }]);
});
