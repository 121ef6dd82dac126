import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { identityOf } from '../files/generations.ts';
import { gzipHeader } from '../files/gzip-note.ts';
import type { ShipSpec } from './protocol.ts';
import { RecordQueue } from './record-queue.ts';

/** A log of json-file records in generations of some lines each, the newest last. */
class Log implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'minke-queue-'));
  readonly path = join(this.directory, 'log');
  readonly lengths: number[] = [];
  #count = 0;

  add(lines: readonly number[]): void {
    const records = lines.map((length) => {
      const log = `${String(this.#count++).padStart(4, '0')}${'x'.repeat(length)}\n`;
      const text = `${JSON.stringify({ log, stream: 'stdout', time: '2026-11-24T00:00:00.000000001Z' })}\n`;
      this.lengths.push(text.length);
      return text;
    });
    writeFileSync(this.path, records.join(''), { flag: 'a' });
  }

  rotate(generation: number, compressed: boolean): void {
    const to = `${this.path}.${generation}`;
    renameSync(this.path, to);
    if (!compressed) return;
    const origin = identityOf(to) ?? '';
    const bytes = gzipSync(readFileSync(to));
    writeFileSync(`${to}.gz`, Buffer.concat([gzipHeader({ origin }), bytes.subarray(10)]));
    rmSync(to);
  }

  get spec(): ShipSpec {
    return { path: this.path, format: 'json-file' } as ShipSpec;
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

const NONE = { identity: '', offset: 0 };

async function numbers(queue: RecordQueue): Promise<number[]> {
  const all: number[] = [];
  for (let piece = await queue.next(); piece; piece = await queue.next()) {
    all.push(...piece.records.map(({ line }) => Number(Buffer.from(line).toString('latin1', 0, 4))));
  }
  return all;
}

test('the newest records stay, as many as fit and one at least, over rotated and compressed files', async () => {
  const generation = fc.record({
    lines: fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 40 }),
    compressed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(generation, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 12_000 }),
      async (generations, most) => {
        using log = new Log();
        generations.forEach(({ lines, compressed }, i) => {
          log.add(lines);
          const left = generations.length - 1 - i;
          if (left > 0) log.rotate(left, compressed);
        });
        const { queue } = await RecordQueue.open(log.spec, NONE);
        const dropped = await queue.keepLast(most);
        const got = await numbers(queue);
        await queue.close();
        const total = log.lengths.reduce((sum, length) => sum + length, 0);
        expect(got).toEqual(
          Array.from({ length: got.length }, (_, i) => log.lengths.length - got.length + i),
        );
        expect(got.length).toBeGreaterThan(0);
        const kept = log.lengths.slice(log.lengths.length - got.length);
        const size = kept.reduce((sum, length) => sum + length, 0);
        if (got.length > 1) expect(size).toBeLessThanOrEqual(most);
        const longest = Math.max(...log.lengths);
        if (dropped === 0) expect(size).toBe(total);
        else expect(size).toBeGreaterThan(most - longest);
      },
    ),
    { numRuns: 60 },
  );
});

test('what comes after it was cut is behind what stayed, and is cut again', async () => {
  using log = new Log();
  log.add(Array.from({ length: 100 }, () => 50));
  const one = log.lengths[0] ?? 0;
  const { queue } = await RecordQueue.open(log.spec, NONE);
  expect(await queue.keepLast(10 * one)).toBe(90 * one);
  log.add(Array.from({ length: 5 }, () => 50));
  expect((await numbers(queue)).slice(0, 2)).toEqual([90, 91]);
  log.add(Array.from({ length: 30 }, () => 50));
  expect(await queue.keepLast(3 * one)).toBe(27 * one);
  expect(await numbers(queue)).toEqual([132, 133, 134]);
  expect(await queue.keepLast(0)).toBe(0);
  await queue.close();
});
