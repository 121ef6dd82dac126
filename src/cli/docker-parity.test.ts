import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runProgram } from './program.ts';
import { CaptureOutput } from './testing/capture-output.ts';
import { DIFFERENCES } from './testing/differences.ts';
import recorded from './testing/expected/docker.json';
import { FakeEngine, type SeenRequest } from './testing/fake-engine.ts';
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
        requests: inAnyOrder(docker.argv, normalizeRequests(engine.seen)),
      };
      expect(minke).toEqual({ ...asMinke(docker), ...difference?.minke });
    });
  }
});

/** Several containers are stopped, killed, removed and watched at once, in no order. */
function inAnyOrder(argv: string[], requests: SeenRequest[]): SeenRequest[] {
  if (!['stop', 'kill', 'rm', 'restart', 'pause', 'unpause', 'wait', 'stats'].includes(argv[0] ?? ''))
    return requests;
  return requests.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** docker sends `filters=` where there are none, and `author=` with a commit of nobody. */
function withoutEmpty(request: SeenRequest): SeenRequest {
  const isSaid = ([name, value]: [string, string]) =>
    value !== '' || (name !== 'filters' && request.path !== '/commit');
  return { ...request, query: Object.fromEntries(Object.entries(request.query).filter(isSaid)) };
}

/** What docker did, in minke's name. */
function asMinke({ argv, exit, stdout, stderr, requests }: Outcome): Omit<Outcome, 'argv'> {
  const rename = (text: string) =>
    maskTimes(text)
      .replace('28.2.2', '0.1.0')
      .replace(' containerd version: \n', '')
      .replace(/(^|'|\t|Usage: {2})docker(?=[ :'])/gm, '$1minke');
  const detached = argv[0] === 'run' && argv.some((word) => /^-[a-z]*d/.test(word));
  const asked = requests.map(withoutEmpty).filter(({ method, path }) => {
    // docker waits for a container that it leaves alone, and looks among plugins for what `inspect` does not find.
    // And whether a network that it removes is the swarm's.
    const isLook = argv[0] === 'network' && /^(rm|remove)$/.test(argv[1] ?? '') && method === 'GET';
    return (
      !isLook &&
      !(detached && path.endsWith('/wait')) &&
      !(argv[0] === 'inspect' && /^\/(info|plugins)/.test(path))
    );
  });
  const renamed = rename(stderr)
    .replace('unknown command: docker', 'unknown command: minke')
    .replace('SRun', 'Run');
  return { exit, stdout: rename(stdout), stderr: renamed, requests: inAnyOrder(argv, asked) };
}
