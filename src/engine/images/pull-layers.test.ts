import { describe, expect, test } from 'bun:test';
import { EngineError, silentLogger } from '../../base/mod.ts';
import { chainIds } from '../../spec/chain-id.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import { parseReference } from '../../spec/reference.ts';
import type { StagedLayer, StageRequest } from '../../store/mod.ts';
import type { ImagesContext } from './context.ts';
import { pullLayers } from './pull-layers.ts';
import { Slots } from './slots.ts';

const digestOf = (n: number) => `sha256:${String(n).repeat(64)}` as Digest;

/** A pull of `count` layers whose staging is `stage`; `discarded` and `committed` tell what became of them. */
function pullOf(count: number, stage: (index: number, request: StageRequest) => Promise<void>) {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const discarded: Digest[] = [];
  const kept: Digest[] = [];
  const committed: Digest[] = [];
  const staged = (digest: Digest): StagedLayer => ({
    digest,
    diffId: digest as DiffId,
    size: 1,
    directory: '',
  });
  const layers = {
    get: () => undefined,
    stage: async (request: StageRequest) => {
      const digest = request.digest as Digest;
      await stage(Number(digest.at(-1)), request);
      return staged(digest);
    },
    commit: async ({ digest }: StagedLayer) => void committed.push(digest),
    discard: async ({ digest }: StagedLayer) => void discarded.push(digest),
    keep: async ({ digest }: StagedLayer) => void kept.push(digest),
  };
  const registry = {
    streamBlob: async function* () {
      /* no bytes */
    },
  };
  const context = { layers, registry, log: silentLogger, downloads: new Slots(3) };
  const descriptors = numbers.map((n) => ({ mediaType: '', digest: digestOf(n), size: 1 }));
  const diffIds = descriptors.map(({ digest }) => digest as DiffId);
  const resolved = { manifest: { layers: descriptors }, config: { rootfs: { diff_ids: diffIds } } };
  const abort = new AbortController();
  const done = pullLayers(
    context as unknown as ImagesContext,
    {
      reference: parseReference('localhost:5000/x:1'),
      resolved: resolved as never,
      chain: chainIds(diffIds),
      hold: () => {},
      signal: abort.signal,
    },
    () => {},
  );
  return { done, abort, discarded, kept, committed };
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new EngineError('cancelled', 'context canceled')));
  });
}

describe('pullLayers', () => {
  test('commits all layers, the lowest first', async () => {
    const { done, committed } = pullOf(5, async () => {});
    await done;
    expect(committed).toEqual([0, 1, 2, 3, 4].map(digestOf));
  });

  test('the first failure ends the others at once, also those below it, and is what is told', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const { done, committed, discarded } = pullOf(5, async (index, { signal }) => {
      if (index === 0) await untilAborted(signal);
      if (index === 2) throw new EngineError('corrupt', 'filesystem layer verification failed');
    });
    await expect(done).rejects.toThrow('filesystem layer verification failed');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(committed).toEqual([]);
    expect(discarded).toContain(digestOf(1));
  }, 2000);

  test('a cancelled pull says so, and keeps what was staged', async () => {
    const { done, abort, kept, discarded } = pullOf(2, async (index, { signal }) => {
      if (index === 0) await untilAborted(signal);
    });
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    expect(kept).toEqual([digestOf(1)]);
    expect(discarded).toEqual([]);
  });
});
