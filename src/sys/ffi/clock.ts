import { check, libc } from './libc.ts';

const clockGetTime = libc.func('int clock_gettime(int clock, void *time)');
const CLOCK_REALTIME = 0;
const time = new BigInt64Array(2);

/** The wall clock to the nanosecond, in two numbers, since one cannot hold it. */
export function wallClock(): { seconds: number; nanos: number } {
  check('clock_gettime', () => clockGetTime(CLOCK_REALTIME, time));
  return { seconds: Number(time[0]), nanos: Number(time[1]) };
}
