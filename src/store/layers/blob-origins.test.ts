import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiffId, Digest } from '../../spec/digest.ts';
import { testStore } from '../testing.ts';

const diffId = `sha256:${'d'.repeat(64)}` as DiffId;
const blob = (digit: string) => `sha256:${digit.repeat(64)}` as Digest;

test("origins of a blob are kept in Docker's form, the latest first, and can be forgotten", async () => {
  await using at = await testStore();
  const { origins } = at.store.layers;
  expect(origins.of(diffId)).toEqual([]);
  origins.learn(diffId, blob('1'), 'localhost:5000/a');
  origins.learn(diffId, blob('2'), undefined);
  origins.learn(diffId, blob('3'), 'localhost:5000/b');
  origins.learn(diffId, blob('1'), 'localhost:5000/a');
  expect(origins.of(diffId)).toEqual([
    { digest: blob('1'), repository: 'localhost:5000/a', hmac: '' },
    { digest: blob('3'), repository: 'localhost:5000/b', hmac: '' },
  ]);
  expect(at.store.layers.diffIdOf(blob('2'))).toBe(diffId);
  const path = join(at.dataRoot, 'image/overlay2/distribution/v2metadata-by-diffid/sha256', diffId.slice(7));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([
    { Digest: blob('3'), SourceRepository: 'localhost:5000/b', HMAC: '' },
    { Digest: blob('1'), SourceRepository: 'localhost:5000/a', HMAC: '' },
  ]);
  origins.forget(diffId, { digest: blob('1'), repository: 'localhost:5000/a' });
  expect(origins.of(diffId).map(({ digest }) => digest)).toEqual([blob('3')]);
  for (const garbage of ['', '{}', '[{"Digest":"sha256:x","SourceRepository":"a"}, 3, null]']) {
    writeFileSync(path, garbage);
    expect(origins.of(diffId)).toEqual([]);
  }
});
