import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceRequest } from '../../../spec/docker/mod.ts';
import type { RuntimeSpec } from '../../../spec/oci/runtime.ts';
import { withRequestedDevices } from './device-requests.ts';

const folder = mkdtempSync(join(tmpdir(), 'minke-cdi-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SPEC: RuntimeSpec = {
  ociVersion: '1.0.0',
  process: { user: { uid: 0, gid: 0 }, args: ['true'], env: ['PATH=/bin', 'A=old'], cwd: '/' },
  root: { path: '/' },
  mounts: [],
  linux: { namespaces: [], resources: { devices: [{ allow: false, access: 'rwm' }] } },
};
const gpus: DeviceRequest = {
  Driver: '',
  Count: -1,
  DeviceIDs: null,
  Capabilities: [['gpu']],
  Options: null,
};
const cdi = (...DeviceIDs: string[]): DeviceRequest => ({
  ...{ Driver: 'cdi', Count: 0, Capabilities: null, Options: null },
  DeviceIDs,
});
const apply = (requests: DeviceRequest[] | null, directory = folder) =>
  withRequestedDevices(SPEC, requests, [directory]);

writeFileSync(
  join(folder, 'gpu.json'),
  JSON.stringify({
    cdiVersion: '0.6.0',
    kind: 'nvidia.com/gpu',
    devices: ['0', '1', 'all'].map((name) => ({ name, containerEdits: { env: [`GPU=${name}`] } })),
    containerEdits: { env: ['A=new'] },
  }),
);

test('withRequestedDevices changes nothing when nothing is asked for', () => {
  expect(apply(null)).toBe(SPEC);
  expect(apply([])).toBe(SPEC);
});

test('withRequestedDevices refuses what has no driver, as Docker', () => {
  const request = { ...gpus, Capabilities: [['gpu', 'nvidia'], ['x']] };
  expect(() => apply([request], '/nowhere')).toThrow(
    'could not select device driver "" with capabilities: [[gpu nvidia] [x]]',
  );
  expect(() => apply([{ ...gpus, Driver: 'other' }])).toThrow('could not select device driver "other"');
});

test('withRequestedDevices says which CDI devices nobody knows', () => {
  expect(() => apply([cdi('a.b/c=x', 'nvidia.com/gpu=0', 'a.b/c=y')])).toThrow(
    'CDI device injection failed: unresolvable CDI devices a.b/c=x, a.b/c=y',
  );
  expect(() => apply([{ ...cdi('nvidia.com/gpu=0'), Count: 1 }])).toThrow('unexpected count');
  expect(() => apply([{ ...cdi('nvidia.com/gpu=0'), Options: { a: 'b' } }])).toThrow('unexpected options');
});

test('withRequestedDevices takes --gpus for devices of nvidia.com/gpu', () => {
  const env = (request: DeviceRequest) => apply([request]).process.env;
  expect(env(gpus)).toEqual(['PATH=/bin', 'GPU=all', 'A=new']);
  expect(env({ ...gpus, Count: 2 })).toEqual(['PATH=/bin', 'A=new', 'GPU=1']);
  expect(env({ ...gpus, Count: 0, DeviceIDs: ['1'] })).toEqual(['PATH=/bin', 'GPU=1', 'A=new']);
});
