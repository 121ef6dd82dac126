import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/mod.ts';
import { writeBolt } from '../bolt/write-bolt.ts';
import { NetworkRecords } from '../networks/network-records.ts';
import type { VolumeRecord } from '../volumes/volume-record.ts';
import { VolumeRecords } from '../volumes/volume-records.ts';
import { readDockerNetworks } from './docker-networks.ts';
import { readDockerVolumes } from './docker-volumes.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'minke-exchange-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const volume = (name: string, labels: Record<string, string> = {}): VolumeRecord => ({
  name,
  driver: 'local',
  labels,
  options: {},
  createdAt: '2026-01-01T00:00:00Z',
  anonymous: false,
});
const metadata = () => join(root, 'volumes/metadata.db');
const writtenByDocker = (...volumes: object[]) =>
  writeFileSync(
    metadata(),
    writeBolt(
      'volumes',
      volumes.map((one) => ({
        key: Buffer.from((one as { Name: string }).Name),
        value: Buffer.from(JSON.stringify(one)),
      })),
    ),
  );
const labelsOf = (records: VolumeRecords, name: string) =>
  records.load().find((one) => one.name === name)?.labels;

test('what Docker wrote of volumes wins once, and then our own records do', () => {
  const records = new VolumeRecords(root, silentLogger);
  records.create(volume('v', { of: 'minke' }));
  writtenByDocker({ Name: 'v', Driver: 'local', Labels: { of: 'docker' }, Options: null });
  expect(labelsOf(records, 'v')).toEqual({ of: 'docker' });
  records.create(volume('v', { of: 'minke again' }));
  expect(labelsOf(records, 'v')).toEqual({ of: 'minke again' });
});

test('volumes are written for Docker with their labels; those of plugins are taken over', () => {
  const records = new VolumeRecords(root, silentLogger);
  const plugin = { Name: 'p', Driver: 'plugin', Labels: null, Options: { a: 'b' } };
  writtenByDocker(plugin, { Name: 'gone', Driver: 'local', Labels: null, Options: null });
  const taken = records.load();
  expect(taken).toMatchObject([{ name: 'p', driver: 'plugin', options: { a: 'b' } }]);
  records.writeForDocker([volume('v', { a: 'b' }), { ...volume('plain'), labels: null }, ...taken]);
  expect(readDockerVolumes(readFileSync(metadata()))).toEqual([
    plugin,
    { Name: 'plain', Driver: 'local', Labels: null, Options: {} },
    { Name: 'v', Driver: 'local', Labels: { a: 'b' }, Options: {} },
  ]);
  // Of those that Docker has no more, and had from us, nothing is left.
  writtenByDocker({ Name: 'other', Driver: 'plugin', Labels: null, Options: null });
  expect(new VolumeRecords(root, silentLogger).load()).toMatchObject([{ name: 'other', driver: 'plugin' }]);
});

test('a damaged file of Docker costs its labels, not the volumes', () => {
  const records = new VolumeRecords(root, silentLogger);
  records.create(volume('v', { of: 'minke' }));
  writeFileSync(metadata(), Buffer.alloc(9000, 7));
  expect(labelsOf(records, 'v')).toEqual({ of: 'minke' });
});

test('networks are written for Docker; of those that are gone nothing is left', () => {
  const records = new NetworkRecords(root, silentLogger);
  const file = join(root, 'network/files/local-kv.db');
  const kept = { id: 'a'.repeat(64), name: 'kept', networkType: 'bridge', created: '2026-01-01T00:00:00Z' };
  const gone = { ...kept, id: 'b'.repeat(64), name: 'gone' };
  const entry = (kind: string, id: string, value: object) => ({
    key: Buffer.from(`docker/network/v1.0/${kind}/${id}/`),
    value: Buffer.concat([Buffer.alloc(8), Buffer.from(JSON.stringify(value))]),
  });
  mkdirSync(join(root, 'network/files'));
  const theirs = [kept, gone].flatMap((one) => [
    entry('network', one.id, one),
    entry('bridge', one.id, { BridgeName: `br-${one.name}`, ID: one.id }),
  ]);
  writeFileSync(file, writeBolt('libnetwork', theirs));
  const loaded = records.load();
  expect(loaded.map(({ name, bridge }) => [name, bridge])).toEqual([
    ['kept', 'br-kept'],
    ['gone', 'br-gone'],
  ]);
  const host = { id: 'c'.repeat(64), name: 'host', driver: 'host', created: kept.created };
  records.writeForDocker([host, ...loaded.filter(({ name }) => name === 'kept')]);
  const written = readFileSync(file);
  expect(readDockerNetworks(written).map(({ name, driver, id }) => [name, driver, id])).toEqual([
    ['kept', 'bridge', kept.id],
    ['host', 'host', host.id],
  ]);
  expect(written.includes(gone.id)).toBe(false);
});
