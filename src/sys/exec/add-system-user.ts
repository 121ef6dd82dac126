import { execFileSync } from 'node:child_process';

/**
 * Makes a user of the system, who cannot log in, with a group of the same name. It blocks for as long as useradd(8)
 * takes: for a start of the daemon only.
 */
export function addSystemUser(name: string): void {
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false'];
  execFileSync('useradd', [...options, name], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000 });
}
