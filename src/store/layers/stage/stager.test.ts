import { expect, test } from 'bun:test';
import { blobOf, nothingStaged, tarOf, testStore } from '../../testing.ts';

test('a request that waits for another of the same blob ends when it is cancelled', async () => {
  await using at = await testStore();
  const { blob: _blob, ...known } = blobOf(tarOf([{ name: 'a' }]));
  const [first, second] = [new AbortController(), new AbortController()];
  const hanging = async function* (): AsyncGenerator<Uint8Array> {
    await new Promise(() => {});
  };
  const stage = ({ signal }: AbortController) =>
    at.store.layers.stage({ ...known, source: hanging(), signal }).then(
      () => 'staged',
      (error: { code?: string }) => error.code,
    );
  const [one, two] = [stage(first), stage(second)];
  second.abort();
  expect(await two).toBe('cancelled');
  first.abort();
  expect(await one).toBe('cancelled');
  nothingStaged(at);
}, 5000);
