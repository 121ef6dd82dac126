/**
 * Records what the docker CLI asks and says for each of CASES: `bun scripts/record-docker-cli.ts [docker binary]`.
 * The answers lie in `src/cli/testing/expected/`, made by docker 28.2.2; the test compares minke with them.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { CASES } from '../src/cli/testing/cases.ts';
import { FakeEngine } from '../src/cli/testing/fake-engine.ts';
import { normalizeRequests, type Outcome } from '../src/cli/testing/outcome.ts';

const docker = process.argv[2] ?? 'docker';
const home = mkdtempSync(`${tmpdir()}/minke-record-`);
const engine = await FakeEngine.start(`${home}/engine.sock`);
const outcomes: Outcome[] = [];
for (const argv of CASES) outcomes.push(await record(argv));
writeFileSync(
  new URL('../src/cli/testing/expected/docker.json', import.meta.url),
  `${JSON.stringify(outcomes, null, 1)}\n`,
);
await engine[Symbol.asyncDispose]();
rmSync(home, { recursive: true });

async function record(argv: string[]): Promise<Outcome> {
  engine.seen.length = 0;
  const env = { PATH: process.env['PATH'], HOME: home, TZ: 'UTC', DOCKER_HOST: engine.host };
  const child = spawn(docker, argv, { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => (texts[name] += String(chunk)));
  const exit = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return { argv, exit, ...texts, requests: normalizeRequests(engine.seen) };
}
