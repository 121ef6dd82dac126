import { describe, expect, test } from 'bun:test';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { CAN_CALL, callsProgram } from '../fixtures/syscalls.ts';

/** Output of `docker run --rm FLAGS busybox sh -c SCRIPT`. */
async function output(flags: string[], script: string): Promise<string> {
  const { docker, busybox } = await engine();
  return docker.ok(['run', '--rm', ...flags, busybox, 'sh', '-c', script]);
}

/** What `docker create` says on stderr beside the id; the container goes again. */
async function warnings(...flags: string[]): Promise<string> {
  const { docker, busybox } = await engine();
  const name = uniqueName();
  await using _box = removing(docker, name);
  return (await docker.run(['create', '--name', name, ...flags, busybox, 'true'])).stderr.trim();
}

/** A file of the container's own cgroup, whose controllers lie on version 1 where these tests run. */
const cat = (...files: string[]) => `cd /sys/fs/cgroup && cat ${files.join(' ')}`;
const V1 = statSync('/sys/fs/cgroup/memory', { throwIfNoEntry: false }) !== undefined;

describe.skipIf(!V1)('limits of cgroups', () => {
  test('of memory: limit, soft limit, swap, swappiness, the OOM killer', async () => {
    const flags = ['-m', '32m', '--memory-reservation', '16m', '--memory-swap', '48m'];
    const files = ['limit_in_bytes', 'soft_limit_in_bytes', 'memsw.limit_in_bytes', 'swappiness'];
    expect(
      await output(
        [...flags, '--memory-swappiness', '10', '--oom-kill-disable'],
        `${cat(...files.map((file) => `memory/memory.${file}`))}; head -1 memory/memory.oom_control`,
      ),
    ).toBe(`${32 << 20}\n${16 << 20}\n${48 << 20}\n10\noom_kill_disable 1`);
    // As much swap again as memory; any amount of it.
    const swap = cat('memory/memory.memsw.limit_in_bytes');
    expect(await output(['-m', '32m'], swap)).toBe(String(64 << 20));
    expect(Number(await output(['-m', '32m', '--memory-swap', '-1'], swap))).toBeGreaterThan(2 ** 60);
  });

  test('of CPUs and processes', async () => {
    const files = cat('cpu/cpu.cfs_period_us', 'cpu/cpu.cfs_quota_us', 'cpu/cpu.shares', 'pids/pids.max');
    const flags = ['--cpu-period', '50000', '--cpu-quota', '25000', '--cpu-shares', '512', '--pids-limit'];
    expect(await output([...flags, '20'], files)).toBe('50000\n25000\n512\n20');
    const rest = ['--cpus', '0.5', '--cpuset-cpus', '0', '--cpuset-mems', '0', '--pids-limit', '-1'];
    expect(await output(rest, `${files} cpuset/cpuset.cpus cpuset/cpuset.mems; nproc`)).toBe(
      '100000\n50000\n1024\nmax\n0\n0\n1',
    );
  });

  test('of block devices', async () => {
    const disk = await sh('lsblk -dno NAME,MAJ:MIN -e 7,253 | head -1');
    const [name = '', numbers = ''] = disk.trim().split(/\s+/);
    const path = `/dev/${name}`;
    const flags = ['--device-read-bps', `${path}:1mb`, '--device-write-bps', `${path}:2mb`];
    flags.push('--device-read-iops', `${path}:100`, '--device-write-iops', `${path}:200`);
    const files = ['read_bps', 'write_bps', 'read_iops', 'write_iops'];
    const script = cat(...files.map((file) => `blkio/blkio.throttle.${file}_device`));
    const rates = [1 << 20, 2 << 20, 100, 200];
    expect(await output(flags, script)).toBe(rates.map((rate) => `${numbers} ${rate}`).join('\n'));
    const { docker, busybox } = await engine();
    const nowhere = await docker.run([
      'run',
      '--rm',
      '--device-read-bps',
      '/dev/nowhere:1mb',
      busybox,
      'true',
    ]);
    expect(nowhere.stderr).toContain('stat /dev/nowhere: no such file or directory');
  });

  test('the cgroup lies below --cgroup-parent, also one that climbs', async () => {
    const parent = uniqueName();
    // Compat: runc takes a relative one from the cgroup of process 1 on.
    for (const [asked, is] of [
      [`/${parent}/x`, `/${parent}/x`],
      [parent, `/${parent}`],
      [`../../${parent}`, `/${parent}`],
    ] as const) {
      const own = await output(['--cgroup-parent', asked], 'grep :memory: /proc/self/cgroup');
      expect(own).toMatch(new RegExp(`:memory:.*${is}/[0-9a-f]{64}$`));
    }
    await sh(`find /sys/fs/cgroup -depth -type d -path '*/${parent}*' -exec rmdir {} +`);
  });

  test('--cgroupns private shows the root, host the path', async () => {
    const script = 'grep :memory: /proc/self/cgroup';
    expect(await output(['--cgroupns', 'private'], script)).toMatch(/:memory:\/$/);
    expect(await output(['--cgroupns', 'host'], script)).toMatch(/[0-9a-f]{64}$/);
  });

  test('what this kernel cannot do is said', async () => {
    const weight = statSync('/sys/fs/cgroup/blkio/blkio.bfq.weight', { throwIfNoEntry: false });
    if (!weight) {
      expect(await warnings('--blkio-weight', '300')).toBe(
        'WARNING: Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
      );
      expect(await warnings('--blkio-weight-device', '/dev/null:300')).toContain('Weight-device discarded.');
    }
    expect(await warnings('--oom-kill-disable')).toContain('OOM killer is disabled for the container');
  });

  test('real-time limits are checked against each other', async () => {
    expect(await warnings('--cpu-rt-period', '1000', '--cpu-rt-runtime', '2000')).toContain(
      'cpu real-time runtime cannot be higher than cpu real-time period',
    );
  });
});

describe('rights of processes', () => {
  test('--device with permissions, of a folder, and --device-cgroup-rule', async () => {
    const flags = ['--device', '/dev/fuse:/dev/mine:r', '--device', '/dev/net:/dev/nets'];
    const script = '(exec 3</dev/mine) && echo r; (exec 3>/dev/mine) 2>/dev/null || echo no; ls /dev/nets';
    expect(await output(flags, script)).toBe('r\nno\ntun');
    const rule = ['--device-cgroup-rule', 'c 10:229 rw'];
    const make = 'mknod /k c 10 229 && dd if=/k of=/dev/null count=0 2>/dev/null && echo opened';
    expect(await output(rule, make)).toBe('opened');
    expect(await output([], `${make} || echo denied`)).toBe('denied');
  });

  test('--ulimit of every kind', async () => {
    const flags = ['core=0', 'cpu=1000', 'fsize=1000000', 'nproc=100:200', 'stack=1000000', 'nofile=100:200'];
    const limits = await output(
      flags.flatMap((limit) => ['--ulimit', limit]),
      "awk '/file size|cpu time|processes|stack|open files/ { print $(NF-2), $(NF-1) }' /proc/self/limits",
    );
    expect(limits.split('\n')).toEqual([
      '1000 1000',
      '1000000 1000000',
      '1000000 1000000',
      '0 0',
      '100 200',
      '100 200',
    ]);
  });

  test('--sysctl of the namespaces of its own, and of no other', async () => {
    const names = ['net.core.somaxconn=77', 'kernel.msgmax=9999', 'fs.mqueue.msg_max=33'];
    const script = 'cd /proc/sys && cat net/core/somaxconn kernel/msgmax fs/mqueue/msg_max';
    expect(
      await output(
        names.flatMap((one) => ['--sysctl', one]),
        script,
      ),
    ).toBe('77\n9999\n33');
    const { docker, busybox } = await engine();
    const refused = (...flags: string[]) => docker.run(['run', '--rm', ...flags, busybox, 'true']);
    expect((await refused('--network', 'host', '--sysctl', 'net.core.somaxconn=77')).stderr).toContain(
      'sysctl "net.core.somaxconn" not allowed in host network namespace',
    );
    expect((await refused('--ipc', 'host', '--sysctl', 'kernel.msgmax=77')).stderr).toContain(
      'sysctl "kernel.msgmax" is not allowed in the hosts ipc namespace',
    );
  });

  test.skipIf(!CAN_CALL)(
    'the default profile of seccomp: unknown calls are ENOSYS, denied ones EPERM',
    async () => {
      // No call at all; keyctl(KEYCTL_GET_KEYRING_ID); unshare(CLONE_NEWUTS); clone3.
      const folder = callsProgram([[600], [250], [272, 0x0400_0000], [435]]);
      const flags = ['-v', `${folder}:/p:ro`];
      const errnos = async (...more: string[]) =>
        (await output([...flags, ...more], '/p/calls | od -An -v -t d8 -w8'))
          .split('\n')
          .map((row) => -Number(row))
          .reverse();
      // Compat: Docker answers EPERM to what its profile does not know.
      const unknown = ENGINE === 'docker' ? 1 : 38;
      expect(await errnos()).toEqual([unknown, 1, 1, 38]);
      const [, keyctl, unshare, clone3] = await errnos('--cap-add', 'SYS_ADMIN');
      expect([keyctl, unshare, clone3]).toEqual([1, -0, 22]);
      expect((await errnos('--security-opt', 'seccomp=unconfined'))[0]).toBe(38);
    },
  );

  test.skipIf(!CAN_CALL)('a profile of seccomp from a file', async () => {
    const folder = callsProgram([[39], [110]]);
    const profile = join(folder, 'profile.json');
    const rule = { names: ['getppid'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 };
    writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
    const flags = ['-v', `${folder}:/p:ro`, '--security-opt', `seccomp=${profile}`];
    const [getppid, getpid] = (await output(flags, '/p/calls | od -An -v -t d8 -w8')).split('\n').map(Number);
    expect(getppid).toBe(ENGINE === 'docker' ? -1 : -77);
    expect(getpid).toBeGreaterThan(0);
  });
});
