import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { TimerQueue } from './timer-queue.ts';

test('each item comes once, in the order of their times; moved and deleted ones too', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ item: fc.nat(20), ms: fc.nat(5), gone: fc.boolean() }), { maxLength: 60 }),
      async (steps) => {
        const seen: number[] = [];
        let now = 0;
        const queue = new TimerQueue<number>(
          (item) => seen.push(item),
          () => now,
        );
        const wanted = new Map<number, number>();
        for (const { item, ms, gone } of steps) {
          if (gone) queue.delete(item);
          else queue.set(item, ms);
          wanted.delete(item);
          if (!gone) wanted.set(item, ms);
        }
        expect(queue.size).toBe(wanted.size);
        now = 100;
        while (queue.size > 0) await Bun.sleep(1);
        expect([...seen].sort()).toEqual([...wanted.keys()].sort());
        const times = seen.map((item) => wanted.get(item) ?? 0);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      },
    ),
    { numRuns: 20 },
  );
});

test('an item may be set again when it comes, and a closed queue is silent', async () => {
  let count = 0;
  const queue = new TimerQueue<string>((item) => {
    count += 1;
    if (count < 3) queue.set(item, 1);
  });
  queue.set('a', 1);
  while (count < 3) await Bun.sleep(1);
  queue.set('b', 1);
  queue.close();
  await Bun.sleep(5);
  expect([count, queue.size]).toEqual([3, 0]);
});
