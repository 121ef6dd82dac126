import { expect, test } from 'bun:test';
import type { ContainerStats } from '../../../spec/docker/mod.ts';
import { StatsCollector } from './stats-collector.ts';

const INTERVAL = 30;

/** Samples that say how many were taken before. */
function counting(most = Number.POSITIVE_INFINITY) {
  let taken = 0;
  const take = () => (taken < most ? ({ read: String(taken++) } as ContainerStats) : undefined);
  return { take, taken: () => taken };
}

async function collect(source: AsyncIterable<ContainerStats>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const { read } of source) {
    seen.push(read);
    if (seen.length === count) break;
  }
  return seen;
}

test('two clients share the samples of a container, and the first comes at once', async () => {
  const collector = new StatsCollector(INTERVAL);
  const { signal } = new AbortController();
  const { take, taken } = counting();
  const [one, two] = await Promise.all([
    collect(collector.subscribe('a', take, { signal }), 2),
    collect(collector.subscribe('a', take, { signal }), 2),
  ]);
  expect(one).toEqual(['0', '1']);
  expect(two).toEqual(['0', '1']);
  expect(taken()).toBe(2);
});

test('a client that goes ends its samples, and with the last client they are taken no more', async () => {
  const collector = new StatsCollector(INTERVAL);
  const aborter = new AbortController();
  const { take, taken } = counting();
  const seen = collect(collector.subscribe('a', take, { signal: aborter.signal }), 99);
  await new Promise((resolve) => setTimeout(resolve, 1));
  aborter.abort();
  expect(await seen).toEqual(['0']);
  await new Promise((resolve) => setTimeout(resolve, INTERVAL * 3));
  expect(taken()).toBe(1);
});

test('samples end where there are no more', async () => {
  const collector = new StatsCollector(INTERVAL);
  const { signal } = new AbortController();
  expect(await collect(collector.subscribe('a', counting(2).take, { signal }), 99)).toEqual(['0', '1']);
  expect(await collect(collector.subscribe('b', counting(0).take, { signal }), 99)).toEqual([]);
});
