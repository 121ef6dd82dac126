import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runProgram } from './program.ts';
import { CaptureOutput } from './testing/capture-output.ts';
import { DIFFERENCES } from './testing/differences.ts';
import recorded from './testing/expected/docker.json';
import { FakeEngine } from './testing/fake-engine.ts';
import { maskTimes, normalizeRequests, type Outcome } from './testing/outcome.ts';

/** Each command line of `testing/cases.ts` asks the engine, says and exits as docker 28.2.2 does. */
describe('minke does as the docker CLI', () => {
  const home = mkdtempSync(`${tmpdir()}/minke-parity-`);
  let engine: FakeEngine;
  let directory: string;

  beforeAll(async () => {
    directory = process.cwd();
    process.chdir('/');
    process.env['TZ'] = 'UTC';
    engine = await FakeEngine.start(`${home}/engine.sock`);
  });

  afterAll(async () => {
    process.chdir(directory);
    await engine[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  for (const docker of recorded as Outcome[]) {
    const title = docker.argv.map((word) => (/^[\w./:=,@-]+$/.test(word) ? word : `'${word}'`)).join(' ');
    const difference = DIFFERENCES[docker.argv.join(' ')];
    test(`minke ${title}${difference ? ` (differs: ${difference.why})` : ''}`, async () => {
      engine.seen.length = 0;
      const stdout = new CaptureOutput();
      const stderr = new CaptureOutput();
      const env = { DOCKER_HOST: engine.host, HOME: home };
      const exit = await runProgram(docker.argv, env, { stdout, stderr });
      const minke = {
        exit,
        stdout: maskTimes(stdout.text),
        stderr: maskTimes(stderr.text),
        requests: normalizeRequests(engine.seen),
      };
      expect(minke).toEqual({ ...asMinke(docker), ...difference?.minke });
    });
  }
});

/** What docker did, in minke's name. */
function asMinke({ exit, stdout, stderr, requests }: Outcome): Omit<Outcome, 'argv'> {
  const rename = (text: string) => maskTimes(text).replace(/(^|'|Usage: {2})docker\b/gm, '$1minke');
  const renamed = rename(stderr).replace('unknown command: docker', 'unknown command: minke');
  return { exit, stdout: rename(stdout), stderr: renamed, requests };
}
