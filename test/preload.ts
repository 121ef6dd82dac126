/** Before and after all end-to-end tests: what was started is stopped, and what was left behind is an error. */
import { afterAll, beforeAll } from 'bun:test';
import { killCount } from './fixtures/chaos/killer.ts';
import { CHAOS } from './fixtures/chaos/seed.ts';
import { stopEngine } from './fixtures/engine.ts';
import { endLeftProcesses, leaksSince, type Traces, traces } from './fixtures/leaks.ts';
import { removeWork } from './fixtures/machine.ts';

let before: Traces;

beforeAll(async () => {
  before = await traces();
});

afterAll(async () => {
  await stopEngine();
  if (CHAOS) console.log(`chaos: the daemon was killed ${killCount()} times`);
  const leaks = await leaksSince(before);
  endLeftProcesses();
  removeWork();
  if (leaks.length > 0) throw new Error(`left behind:\n${leaks.join('\n')}`);
}, 60_000);
