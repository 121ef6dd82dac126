import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

/** Output of `docker run --rm FLAGS busybox sh -c SCRIPT`. */
async function output(flags: string[], script: string): Promise<string> {
  const { docker, busybox } = await engine();
  return docker.ok(['run', '--rm', ...flags, busybox, 'sh', '-c', script]);
}

/** Effective capabilities as a bit mask. */
async function capabilities(...flags: string[]): Promise<bigint> {
  return BigInt(`0x${await output(flags, 'grep CapEff /proc/self/status | cut -f2')}`);
}

const CHOWN = 1n << 0n;
const NET_ADMIN = 1n << 12n;

describe('options of docker run', () => {
  test('--env-file sets what the file says', async () => {
    const path = join(workFolder('options'), uniqueName());
    writeFileSync(path, '# comment\nA=1\nB=two words\n');
    expect(await output(['--env-file', path], 'echo $A $B')).toBe('1 two words');
  });

  test('--mount takes binds, volumes and tmpfs', async () => {
    const folder = workFolder('options');
    writeFileSync(join(folder, 'from-host'), 'x');
    const volume = uniqueName();
    const { docker } = await engine();
    const flags = ['--mount', `type=bind,source=${folder},target=/a,readonly`];
    flags.push(
      '--mount',
      `type=volume,source=${volume},target=/b`,
      '--mount',
      'type=tmpfs,target=/c,tmpfs-size=1m',
    );
    const script =
      'cat /a/from-host; touch /a/y 2>/dev/null || echo ro; touch /b/z /c/z; grep -c " /c tmpfs " /proc/mounts';
    expect(await output(flags, script)).toBe('xro\n1');
    expect(await output(['-v', `${volume}:/b`], 'ls /b')).toBe('z');
    await docker.ok(['volume', 'rm', volume]);
  });

  test('--tmpfs, --read-only and --shm-size shape the file systems', async () => {
    const script =
      'touch /x 2>/dev/null || echo ro; touch /t/x && echo rw; df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2';
    expect(await output(['--read-only', '--tmpfs', '/t:size=1m', '--shm-size', '8m'], script)).toBe(
      'ro\nrw\n8192',
    );
  });

  test('--cap-drop and --cap-add change the capabilities', async () => {
    expect((await capabilities()) & CHOWN).toBe(CHOWN);
    expect(await capabilities('--cap-drop', 'ALL')).toBe(0n);
    expect(await capabilities('--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN')).toBe(NET_ADMIN);
  });

  // runc asks for capabilities that the machine may not have; ours are those of the daemon.
  test.skipIf(ENGINE === 'docker')('--privileged gives the capabilities of the daemon', async () => {
    expect((await capabilities('--privileged')) & NET_ADMIN).toBe(NET_ADMIN);
  });

  test('--security-opt takes no-new-privileges and an unconfined seccomp', async () => {
    const script = 'grep -E "NoNewPrivs|Seccomp:" /proc/self/status | tr -d "\\n\\t"';
    expect(await output(['--security-opt', 'no-new-privileges'], script)).toBe('NoNewPrivs:1Seccomp:2');
    expect(await output(['--security-opt', 'seccomp=unconfined'], script)).toBe('NoNewPrivs:0Seccomp:0');
  });

  test('--ulimit, --sysctl and --pids-limit bound the processes', async () => {
    const flags = [
      '--ulimit',
      'nofile=100:200',
      '--sysctl',
      'net.ipv4.ip_default_ttl=42',
      '--pids-limit',
      '50',
    ];
    const script = 'ulimit -Sn; ulimit -Hn; cat /proc/sys/net/ipv4/ip_default_ttl';
    expect(await output(flags, script)).toBe('100\n200\n42');
  });

  test('--device, --group-add and --oom-score-adj reach the process', async () => {
    const flags = ['--device', '/dev/null:/dev/mine', '--group-add', '1234', '--oom-score-adj', '500'];
    expect(await output(flags, 'test -c /dev/mine && id -G; cat /proc/self/oom_score_adj')).toMatch(
      /1234\n500$/,
    );
  });

  test('--add-host, --dns, --dns-search and --domainname write the files', async () => {
    const flags = [
      '--add-host',
      'db:10.9.8.7',
      '--dns',
      '10.1.2.3',
      '--dns-search',
      'lan',
      '--domainname',
      'example',
    ];
    const text = await output(flags, 'grep db /etc/hosts; grep -v "^#" /etc/resolv.conf');
    // The order in resolv.conf is 28's; 20.10 has the search list first.
    expect(text.split('\n')).toEqual(
      expect.arrayContaining(['10.9.8.7\tdb', 'nameserver 10.1.2.3', 'search lan']),
    );
  });

  test('--pid host shows the processes of the host', async () => {
    expect(await output(['--pid', 'host'], 'readlink /proc/self/ns/pid')).not.toBe(
      await output([], 'readlink /proc/self/ns/pid'),
    );
  });

  test('-P publishes what is exposed; --stop-timeout is kept', async () => {
    const { docker, busybox } = await engine();
    const id = await docker.ok([
      'run',
      '-d',
      '-P',
      '--expose',
      '81',
      '--stop-timeout',
      '1',
      busybox,
      'sleep',
      '100',
    ]);
    await using _box = removing(docker, id);
    expect(await docker.ok(['port', id, '81'])).toMatch(/0\.0\.0\.0:\d+/);
    expect(await docker.ok(['inspect', '-f', '{{.Config.StopTimeout}}', id])).toBe('1');
  });

  test('--cidfile has the id', async () => {
    using _calm = await calm('the file is written by the client that was cut off, or by none');
    const path = join(workFolder('options'), uniqueName());
    const { docker, busybox } = await engine();
    const id = await docker.ok(['run', '-d', '--cidfile', path, busybox, 'true']);
    await using _box = removing(docker, id);
    expect(readFileSync(path, 'utf8')).toBe(id);
  });

  test('--pull never does not ask the registry', async () => {
    const { docker } = await engine();
    const result = await docker.run(['run', '--rm', '--pull', 'never', 'localhost/nowhere', 'true']);
    expect(result.code).toBe(125);
    expect(result.stderr).toContain('No such image: localhost/nowhere:latest');
  });

  test('--log-driver none keeps no log', async () => {
    const { docker, busybox } = await engine();
    const id = await docker.ok(['run', '-d', '--log-driver', 'none', busybox, 'echo', 'x']);
    await using _box = removing(docker, id);
    const result = await docker.run(['logs', id]);
    expect(result.stderr).toContain('configured logging driver does not support reading');
  });

  test('--restart on-failure starts again as often as it says', async () => {
    const { docker, busybox } = await engine();
    const id = await docker.ok(['run', '-d', '--restart', 'on-failure:2', busybox, 'false']);
    await using _box = removing(docker, id);
    await until('the last exit', async () => {
      return (await docker.ok(['inspect', '-f', '{{.RestartCount}} {{.State.Status}}', id])) === '2 exited';
    });
  });
});
