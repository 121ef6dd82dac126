import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../../base/mod.ts';
import { Cgroup } from './cgroup.ts';
import { readUsageV2 } from './usage/read-v2.ts';

/** Where the kernel shows cgroups of version 2: alone, or beside version 1 (then without controllers). */
const MOUNT = / (\/\S+) \S+(?: \S+:\d+)* - cgroup2 /.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];

describe.skipIf(MOUNT === undefined)('a cgroup of version 2, of this kernel', () => {
  let directory: string;
  let child: Bun.Subprocess;
  const cgroup = () => new Cgroup([directory]);
  const cpu = () => Number(readUsageV2((_, file) => cgroup().read('', file)).cpu.cpu_usage.total_usage);
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const waitFor = async (is: () => boolean) => {
    while (!is()) await Bun.sleep(5);
  };

  beforeEach(() => {
    directory = join(MOUNT ?? '', `minke-test-${newId().slice(0, 12)}`);
    mkdirSync(join(directory, 'inner'), { recursive: true });
    child = Bun.spawn(['sh', '-c', 'while :; do :; done']);
    writeFileSync(join(directory, 'inner', 'cgroup.procs'), String(child.pid));
  });
  afterEach(async () => {
    child.kill('SIGKILL');
    await child.exited;
    for (const path of [join(directory, 'inner'), directory]) {
      try {
        rmdirSync(path);
      } catch {
        // Removed by what is tested.
      }
    }
  });

  test('knows its processes, those of the cgroups inside too, and what they use', async () => {
    expect(cgroup().pids()).toEqual([child.pid]);
    await waitFor(() => cpu() > 0);
    expect(readFileSync(join(directory, 'cgroup.events'), 'utf8')).toContain('populated 1');
    // No controller may be there: nothing is read, and nothing is thrown.
    expect(cgroup().oomKills()).toBe(0);
  });

  test('stands still while it is frozen, and goes on', async () => {
    await waitFor(() => cpu() > 0);
    expect(cgroup().isFrozen()).toBe(false);
    await cgroup().setFrozen(true);
    expect(cgroup().isFrozen()).toBe(true);
    const used = cpu();
    await Bun.sleep(50);
    expect(cpu()).toBe(used);
    expect(isAlive()).toBe(true);
    await cgroup().setFrozen(false);
    expect(cgroup().isFrozen()).toBe(false);
    await waitFor(() => cpu() > used);
  });

  test('is removed with all that is in it, also when it is frozen', async () => {
    await cgroup().setFrozen(true);
    await cgroup().remove();
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
    expect(() => readFileSync(join(directory, 'cgroup.procs'))).toThrow('ENOENT');
    await cgroup().remove();
  });
});
