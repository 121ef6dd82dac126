import { spawn } from 'node:child_process';

/** Starts a program that outlives us, in a session of its own, its output appended to the open file `output`. Gives its pid. */
export function spawnDetached(argv: readonly [string, ...string[]], output: number): number | undefined {
  const child = spawn(argv[0], argv.slice(1), {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
  });
  // A program that cannot be started shows by what it does not do; without a listener it would end this process.
  child.on('error', () => {});
  child.unref();
  return child.pid;
}
