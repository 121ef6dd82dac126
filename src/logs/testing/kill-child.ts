import { createLogger } from '../../base/mod.ts';
import type { LogSource } from '../logs.ts';
import { openLogs } from '../open-logs.ts';

/** For the kill test: a daemon that only pumps, until it is killed. With `drain` it ends properly. */
const source = JSON.parse(process.argv[2] ?? '') as LogSource;
const logs = openLogs({ log: createLogger((line) => process.stderr.write(line)) });
await logs.register(source);
process.stdout.write('ready\n');
if (process.argv[3] === 'drain') {
  await logs.drain(source.id);
  await logs.close();
} else {
  setInterval(() => {}, 1000);
}
