import { execFileSync } from 'node:child_process';

/**
 * mount(8) of an overlay in a child whose working directory is `directory`, for options with paths relative to it.
 * Only for kernels before 6.5 and long chains of layers: it blocks for the milliseconds that a child takes.
 */
export function mountFromDirectory(directory: string, target: string, options: string): void {
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, target], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 10_000,
  });
}
