import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
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
