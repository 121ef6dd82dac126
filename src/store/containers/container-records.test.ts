import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, silentLogger } from '../../base/mod.ts';
import { ContainerRecords } from './container-records.ts';

let root: string;
let records: ContainerRecords;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'minke-records-'));
  records = new ContainerRecords(root, silentLogger);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const pathOf = (id: string, file = 'config.v2.json') => join(root, 'containers', id, file);
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

/** As Docker leaves one that never ran. */
function byDocker(change: Record<string, unknown> = {}): string {
  const id = newId();
  mkdirSync(join(root, 'containers', id), { recursive: true });
  const volume = { Type: 'volume', Name: 'v', Driver: 'local', Source: '/elsewhere/volumes/v/_data' };
  const json = {
    ...{ ID: id, Name: '/c', Config: {}, Driver: 'overlay2', LogPath: '', MountPoints: { '/v': volume } },
    ...{ State: { Later: 1 }, NetworkSettings: { Odd: true }, Future: { x: 'y' } },
    ...change,
  };
  writeFileSync(pathOf(id), JSON.stringify(json));
  const hostConfig = { LogConfig: { Type: 'json-file' }, Runtime: 'runc', NetworkMode: 'default' };
  writeFileSync(pathOf(id, 'hostconfig.json'), JSON.stringify(hostConfig));
  return id;
}

/** The same as ours, durable or not. */
function ours(durable: boolean): string {
  const id = byDocker();
  const [record] = records.load();
  if (!record) throw new Error('no record');
  records.remove(id);
  record.hostConfig.Runtime = 'crun';
  records.create(record, { durable });
  return id;
}

test('keys that are not known are kept, also inside State and NetworkSettings', () => {
  const id = byDocker();
  const [record] = records.load();
  if (record) records.update(record);
  expect(readJson(pathOf(id))).toMatchObject({
    Future: { x: 'y' },
    State: { Later: 1 },
    NetworkSettings: { Odd: true },
  });
});

test('paths are those of this data-root, wherever the record was written', () => {
  const id = byDocker();
  const [record] = records.load();
  expect(record?.logPath).toBe(pathOf(id, `${id}-json.log`));
  expect(record?.hostsPath).toBe(pathOf(id, 'hosts'));
  expect(record?.mountPoints['/v']?.Source).toBe(join(root, 'volumes/v/_data'));
});

test('a container of another storage driver is left alone', () => {
  const id = byDocker({ Driver: 'btrfs' });
  expect(records.load()).toEqual([]);
  expect(records.unreadable).toEqual([]);
  expect(existsSync(pathOf(id))).toBe(true);
});

test('a runtime that Docker does not know is kept where Docker does not look', () => {
  const id = ours(true);
  expect(readJson(pathOf(id, 'hostconfig.json')).Runtime).toBe('runc');
  expect(records.load()[0]?.hostConfig.Runtime).toBe('crun');
});

test('a durable record outlives the loss of a later change', () => {
  const id = ours(true);
  const [record] = records.load();
  if (record) records.update({ ...record, restartCount: 7 });
  truncateSync(pathOf(id));
  expect(records.load()).toMatchObject([{ id, restartCount: 0 }]);
});

test('a record that was never durable and is empty after a power cut is told', () => {
  const id = ours(false);
  truncateSync(pathOf(id));
  expect(records.load()).toEqual([]);
  expect(records.unreadable).toEqual([id]);
});
