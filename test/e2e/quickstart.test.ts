import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE } from '../fixtures/daemon.ts';
import { endProcess, ROOT, run, workFolder } from '../fixtures/machine.ts';

function quickstart(folder: string, dataRoot = join(folder, 'data')) {
  const env = { MINKE_DATA_ROOT: dataRoot, MINKE_EXEC_ROOT: join(folder, 'exec') };
  return run('bash', [join(ROOT, 'scripts/quickstart.sh')], { env, timeout: 110_000 });
}

describe.skipIf(ENGINE === 'docker')('npm run quickstart', () => {
  test('ends with a page from a container, also the second time', async () => {
    const folder = workFolder('quickstart');
    const pidfile = join(folder, 'exec/minked.pid');
    try {
      const first = await quickstart(folder);
      expect([first.code, first.code === 0 ? '' : first.stderr]).toEqual([0, '']);
      expect(first.stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/ says: <h1>Hello from a container/);
      const pid = Number(readFileSync(pidfile, 'utf8'));
      const second = await quickstart(folder);
      expect([second.code, second.code === 0 ? '' : second.stderr]).toEqual([0, '']);
      expect(second.stdout).toContain('the daemon runs already');
      expect(Number(readFileSync(pidfile, 'utf8'))).toBe(pid);
      const env = { DOCKER_HOST: `unix://${join(folder, 'exec/minke.sock')}` };
      expect((await run('docker', ['ps', '-aq'], { env })).stdout).toBe('');
      expect((await run('docker', ['images', '--format', '{{.Repository}}'], { env })).stdout).toBe(
        'minke/hello\n',
      );
    } finally {
      if (existsSync(pidfile)) await endProcess(Number(readFileSync(pidfile, 'utf8')));
    }
  }, 240_000);

  test('leaves no process when it fails', async () => {
    const folder = workFolder('quickstart');
    const file = join(folder, 'a-file');
    writeFileSync(file, 'no folder\n');
    const result = await quickstart(folder, join(file, 'data'));
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('quickstart failed');
    expect(existsSync(join(folder, 'exec/minked.pid'))).toBe(false);
  }, 120_000);
});
