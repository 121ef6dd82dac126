import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { createLogger } from '../src/base/mod.ts';
import { openLogs } from '../src/logs/mod.ts';
import { FakeContainer } from '../src/logs/testing/container.ts';

/**
 * How fast the log pump writes 100-byte lines, and how far the main loop lags meanwhile.
 * `bun bench/logs.ts [megabytes] [watched]`
 */
const megabytes = Number(process.argv[2] ?? 1000);
const watched = process.argv[3] === 'watched';
const logs = openLogs({ log: createLogger((line) => process.stderr.write(line)) });
using container = new FakeContainer();
const client = watched ? logs.subscribe(container.id) : undefined;
await logs.register(container.source);

let lag = 0;
let last = performance.now();
const ticker = setInterval(() => {
  const now = performance.now();
  lag = Math.max(lag, now - last - 5);
  last = now;
}, 5);

let seen = 0;
const watching = (async () => {
  for await (const chunk of client ?? []) seen += chunk.data.length;
})();
const started = performance.now();
const line =
  'The quick brown fox jumps over the lazy dog while forty-two engines write logs all night: 0123456';
const writer = spawn('sh', [
  '-c',
  `yes '${line.padEnd(99)}' | head -c ${megabytes}000000 > ${container.stdio.stdout}`,
]);
await new Promise((resolve) => writer.once('exit', resolve));
await logs.drain(container.id);
const seconds = (performance.now() - started) / 1000;
await watching;
clearInterval(ticker);
const rss = Math.round(process.memoryUsage().rss / 1e6);
const size = statSync(container.target.path).size;
console.log(
  `${Math.round(megabytes / seconds)} MB/s (${megabytes} MB in ${seconds.toFixed(2)} s), main loop lag ${lag.toFixed(1)} ms, RSS ${rss} MB, last file ${size} bytes, client ${seen} bytes`,
);
await logs.close();
