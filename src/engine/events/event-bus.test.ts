import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowNano } from '../../base/mod.ts';
import { NO_FILTERS } from '../filters.ts';
import { EventBus } from './event-bus.ts';

let root: string;
let bus: EventBus;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'minke-events-'));
  bus = new EventBus(root);
});
afterEach(() => {
  bus.close();
  rmSync(root, { recursive: true, force: true });
});

async function collect(source: AsyncIterable<{ Action: string }>): Promise<string[]> {
  const actions: string[] = [];
  for await (const { Action } of source) actions.push(Action);
  return actions;
}

test('subscribe gives past events when since is given, also those of an earlier daemon', async () => {
  bus.publish('container', 'create', 'a', {});
  bus.close();
  appendFileSync(join(root, 'events/current.jsonl'), '{"half');
  bus = new EventBus(root);
  const { signal } = new AbortController();
  expect(await collect(bus.subscribe({ since: 0n, until: nowNano(), filters: NO_FILTERS, signal }))).toEqual([
    'create',
  ]);
});

test('half an event that a killed daemon left is cut off, and hides none that comes after it', async () => {
  bus.publish('container', 'create', 'a', {});
  bus.close();
  appendFileSync(join(root, 'events/current.jsonl'), '{"half');
  bus = new EventBus(root);
  bus.publish('container', 'start', 'a', {});
  bus.close();
  bus = new EventBus(root);
  const { signal } = new AbortController();
  expect(await collect(bus.subscribe({ since: 0n, until: nowNano(), filters: NO_FILTERS, signal }))).toEqual([
    'create',
    'start',
  ]);
  expect(readFileSync(join(root, 'events/current.jsonl'), 'utf8')).not.toContain('half');
});

test('an event that was damaged is passed over, those around it are not', async () => {
  for (const action of ['create', 'start', 'die']) bus.publish('container', action, 'a', {});
  bus.close();
  const path = join(root, 'events/current.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"start"', '\0\0\0'));
  bus = new EventBus(root);
  const { signal } = new AbortController();
  expect(await collect(bus.subscribe({ since: 0n, until: nowNano(), filters: NO_FILTERS, signal }))).toEqual([
    'create',
    'die',
  ]);
  expect(bus.happened('create', 'a', 0n)).toBe(true);
});

test('a reader that is slower than all that happens misses nothing, and keeps little of it in memory', async () => {
  const abort = new AbortController();
  const source = bus.subscribe({ filters: NO_FILTERS, signal: abort.signal })[Symbol.asyncIterator]();
  const first = source.next();
  for (let i = 0; i < 5000; i++) bus.publish('container', `a${i}`, 'x', { filler: 'y'.repeat(100) });
  expect((await first).value?.Action).toBe('a0');
  for (let i = 1; i < 5000; i++) {
    // Some come while it reads what it missed.
    if (i % 1000 === 0)
      for (let more = 0; more < 300; more++) bus.publish('network', `b${i + more}`, 'x', {});
    const { value } = await source.next();
    expect(value?.Action).toBe(`a${i}`);
  }
  for (let i = 1000; i < 5000; i += 1000) {
    for (let more = 0; more < 300; more++) expect((await source.next()).value?.Action).toBe(`b${i + more}`);
  }
  abort.abort();
  expect((await source.next()).done).toBe(true);
});

test('the log is bounded; a reader goes on over its turns', async () => {
  bus.close();
  const small = join(root, 'small');
  bus = new EventBus(small, 20_000);
  const abort = new AbortController();
  const source = bus.subscribe({ filters: NO_FILTERS, signal: abort.signal })[Symbol.asyncIterator]();
  let next = source.next();
  for (let i = 0; i < 1000; i++) {
    bus.publish('container', `a${i}`, 'x', { filler: 'y'.repeat(100) });
    expect((await next).value?.Action).toBe(`a${i}`);
    next = source.next();
  }
  abort.abort();
  await next;
  const sizes = readdirSync(join(small, 'events')).map((name) => statSync(join(small, 'events', name)).size);
  expect(sizes).toHaveLength(2);
  expect(Math.max(...sizes)).toBeLessThan(21_000);
  const { signal } = new AbortController();
  const kept = await collect(bus.subscribe({ since: 0n, until: nowNano(), filters: NO_FILTERS, signal }));
  expect(kept.at(-1)).toBe('a999');
  expect(kept.length).toBeGreaterThan(70);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `a${1000 - kept.length + i}`));
});

test('happened knows what was published since then, also by an earlier daemon', () => {
  const before = nowNano();
  bus.publish('container', 'die', 'a', {});
  bus.close();
  bus = new EventBus(root);
  expect(bus.happened('die', 'a', before)).toBe(true);
  expect(bus.happened('die', 'b', before)).toBe(false);
  expect(bus.happened('start', 'a', before)).toBe(false);
  expect(bus.happened('die', 'a', nowNano())).toBe(false);
});

test('subscribe gives new events that match, until it is aborted', async () => {
  const abort = new AbortController();
  const filters = new Map([['event', new Set(['start', 'die'])]]);
  const seen = collect(bus.subscribe({ filters, signal: abort.signal }));
  await Promise.resolve();
  for (const action of ['create', 'start', 'die']) bus.publish('container', action, 'a', {});
  await Promise.resolve();
  setTimeout(() => abort.abort(), 5);
  expect(await seen).toEqual(['start', 'die']);
});

test('subscribe takes no notice of a filter that it does not know, as Docker', async () => {
  const filters = new Map([['nope', new Set(['x'])]]);
  bus.publish('container', 'create', 'a', {});
  const { signal } = new AbortController();
  expect(await collect(bus.subscribe({ since: 0n, until: nowNano(), filters, signal }))).toEqual(['create']);
});

test('publish after close writes nowhere: the descriptor may be another file’s by then', async () => {
  const abort = new AbortController();
  const seen = collect(bus.subscribe({ filters: NO_FILTERS, signal: abort.signal }));
  await Promise.resolve();
  bus.close();
  const other = openSync(join(root, 'other'), 'w');
  bus.publish('container', 'die', 'a', {});
  closeSync(other);
  expect(readFileSync(join(root, 'other'), 'utf8')).toBe('');
  abort.abort();
  expect(await seen).toEqual(['die']);
});

test('an event that cannot be written is told all the same', async () => {
  bus.close();
  mkdirSync(join(root, 'full/events'), { recursive: true });
  symlinkSync('/dev/full', join(root, 'full/events/current.jsonl'));
  bus = new EventBus(join(root, 'full'));
  const abort = new AbortController();
  const seen = collect(bus.subscribe({ filters: NO_FILTERS, signal: abort.signal }));
  await Promise.resolve();
  bus.publish('container', 'die', 'a', {});
  abort.abort();
  expect(await seen).toEqual(['die']);
});
