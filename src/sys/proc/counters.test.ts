import { expect, test } from 'bun:test';
import { parseCpuTime, readCpuTime } from './cpu-time.ts';
import { parseNetDev, readNetDev } from './net-dev.ts';

test('interfaces are told with what came and what went', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
eth0:1:    1112      12    1    2    0     0          0         0      648       8    3    4    0     0       0          0
`;
  const found = parseNetDev(text);
  expect([...found.keys()]).toEqual(['lo', 'eth0:1']);
  expect(found.get('eth0:1')).toEqual({
    ...{ rxBytes: 1112, rxPackets: 12, rxErrors: 1, rxDropped: 2 },
    ...{ txBytes: 648, txPackets: 8, txErrors: 3, txDropped: 4 },
  });
  expect(readNetDev(process.pid).has('lo')).toBe(true);
  expect(readNetDev(2 ** 22 + 1).size).toBe(0);
});

test('the time of all CPUs is the sum of the first seven figures', () => {
  const text = 'cpu  1 2 3 4 5 6 7 800 900 1000\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1\nintr 5\n';
  expect(parseCpuTime(text)).toEqual({ nanoseconds: 280_000_000, online: 2 });
  expect(readCpuTime().online).toBeGreaterThan(0);
});
