import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

async function output(flags: string[], script: string): Promise<string> {
  const { docker, busybox } = await engine();
  return docker.ok(['run', '--rm', ...flags, busybox, 'sh', '-c', script]);
}

/** `busybox capabilities` as a bit mask. */
const CAPABILITIES = "awk '/CapBnd|CapEff/ { print $2 }' /proc/self/status";
/** Docker's fourteen. Spec: linux/capability.h. */
const FOURTEEN = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31].reduce(
  (sum, bit) => sum | (1n << BigInt(bit)),
  0n,
);

describe('namespaces and names', () => {
  test('--uts host has the host’s name; --hostname and --domainname are the container’s', async () => {
    const script = 'hostname; cat /proc/sys/kernel/domainname; readlink /proc/self/ns/uts';
    const [name, , namespace] = (await output(['--uts', 'host'], script)).split('\n');
    expect([name, namespace]).toEqual([hostname(), await sh('readlink /proc/self/ns/uts')]);
    const own = await output(
      ['--hostname', 'box', '--domainname', 'example.org'],
      `${script}; tail -1 /etc/hosts | cut -f2; cat /etc/hostname`,
    );
    expect(own.split('\n').toSpliced(2, 1)).toEqual(['box', 'example.org', 'box.example.org box', 'box']);
  });

  test('--add-host with host-gateway, and all settings of --dns', async () => {
    const { daemon } = await engine();
    const hosts = ['--add-host', 'gate:host-gateway', '--add-host', 'six:::1', '--add-host', 'db:10.1.2.3'];
    expect(await output(hosts, "grep -E 'gate|six|db' /etc/hosts")).toBe(
      `${daemon.gateway}\tgate\n::1\tsix\n10.1.2.3\tdb`,
    );
    const dns = [
      '--dns',
      '10.1.1.1',
      '--dns',
      '10.1.1.2',
      '--dns-option',
      'ndots:3',
      '--dns-option',
      'rotate',
      '--dns-search',
      'a.b',
      '--dns-search',
      'c',
    ];
    const lines = (await output(dns, "grep -Ev '^(#|$)' /etc/resolv.conf")).split('\n').sort();
    expect(lines).toEqual([
      'nameserver 10.1.1.1',
      'nameserver 10.1.1.2',
      'options ndots:3 rotate',
      'search a.b c',
    ]);
  });

  test('--mac-address is the interface’s; --ip is for networks of one’s own', async () => {
    const mac = '02:42:ac:11:77:99';
    // Compat: docker 28 does not ask a daemon for it that knows API 1.41 only.
    if (ENGINE !== 'docker')
      expect(await output(['--mac-address', mac], 'cat /sys/class/net/eth0/address')).toBe(mac);
    const { docker, busybox } = await engine();
    const refused = await docker.run(['run', '--rm', '--ip', '172.30.90.77', busybox, 'true']);
    expect(refused.stderr).toContain('user specified IP address is supported on user defined networks only');
  });

  test('--pid and --network of another container', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, '--hostname', 'donor', busybox, 'sleep', '321']);
    expect(await output(['--pid', `container:${name}`], 'tr "\\0" " " < /proc/1/cmdline')).toBe('sleep 321');
    expect(await output(['--network', `container:${name}`], 'hostname; grep -c donor /etc/hosts')).toBe(
      'donor\n1',
    );
    await docker.ok(['kill', name]);
    await docker.ok(['wait', name]);
    const late = await docker.run(['run', '--rm', '--pid', `container:${name}`, busybox, 'true']);
    expect(late.stderr).toMatch(/cannot join PID of a non running container|is not running/);
  });

  test.skipIf(ENGINE === 'docker')('--annotation is in the container’s bundle, and in inspect', async () => {
    const { docker, daemon, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const id = await docker.ok([
      'run',
      '-d',
      '--name',
      name,
      '--annotation',
      'org.example.a=b',
      busybox,
      'sleep',
      '100',
    ]);
    expect(await docker.ok(['inspect', '-f', '{{json .HostConfig.Annotations}}', name])).toBe(
      '{"org.example.a":"b"}',
    );
    const bundle = JSON.parse(
      readFileSync(join(daemon.execRoot, 'containers', id, 'config.json'), 'utf8'),
    ) as { annotations: object };
    expect(bundle.annotations).toHaveProperty(['org.example.a'], 'b');
  });
});

describe('rights', () => {
  test('capabilities: Docker’s fourteen, more, fewer, and none in effect for a user', async () => {
    const masks = async (...flags: string[]) =>
      (await output(flags, CAPABILITIES)).split('\n').map((hex) => BigInt(`0x${hex}`));
    // In the order of the kernel: effective, bounding.
    expect(await masks()).toEqual([FOURTEEN, FOURTEEN]);
    expect(await masks('-u', 'app')).toEqual([0n, FOURTEEN]);
    const chown = 1n;
    const netAdmin = 1n << 12n;
    expect(await masks('--cap-drop', 'chown', '--cap-add', 'NET_ADMIN')).toEqual([
      (FOURTEEN & ~chown) | netAdmin,
      (FOURTEEN & ~chown) | netAdmin,
    ]);
    if (ENGINE === 'docker') return;
    // Never more than the daemon has itself.
    const held = BigInt(`0x${await sh("awk '/CapBnd/ { print $2 }' /proc/self/status")}`);
    expect(await masks('--cap-add', 'ALL')).toEqual([held, held]);
    expect(await masks('--privileged')).toEqual([held, held]);
  });

  test('users and groups are those of the image’s own files, by name and by number', async () => {
    const id = (...flags: string[]) => output(flags, 'id -u; id -g; id -G');
    expect(await id('-u', 'app')).toMatch(/^1000\n1000\n(1000 50|50 1000)$/);
    expect(await id('-u', 'app:staff')).toBe('1000\n50\n50');
    expect(await id('-u', '1000:77')).toBe('1000\n77\n77');
    expect(await id('-u', '4242')).toBe('4242\n0\n0');
    const groups =
      (await id('-u', 'app', '--group-add', 'nogroup', '--group-add', '99')).split('\n')[2] ?? '';
    expect(groups.split(' ').sort()).toEqual(['1000', '50', '65534', '99']);
  });

  test('paths of /proc are masked or read-only, unless systempaths or privileged says otherwise', async () => {
    const script =
      'head -c1 /proc/kcore | wc -c; ls /proc/scsi 2>/dev/null | wc -l; (echo 0 > /proc/sys/kernel/pid_max) 2>&1 | grep -o Read-only; grep -c " /proc/" /proc/mounts; true';
    const [kcore, , sys, mounts] = (await output([], script)).split('\n');
    expect([kcore, sys]).toEqual(['0', 'Read-only']);
    expect(Number(mounts)).toBeGreaterThan(5);
    const open = (await output(['--security-opt', 'systempaths=unconfined'], script)).split('\n');
    expect(open.at(-1)).toBe('0');
  });

  test.skipIf(ENGINE === 'docker')(
    'privileged has all devices, and may write to /sys and its cgroups',
    async () => {
      const script =
        'test -c /dev/net/tun && echo tun; grep -E " /sys(/fs/cgroup)? " /proc/mounts | grep -c "[ ,]ro[ ,]"; grep Seccomp: /proc/self/status';
      expect(await output(['--privileged'], script)).toBe('tun\n0\nSeccomp:\t0');
      expect(await output([], script)).toMatch(/^[12]\nSeccomp:\t2$/);
      const cgroups = 'mkdir /sys/fs/cgroup/memory/child && echo made && rmdir /sys/fs/cgroup/memory/child';
      expect(
        await output(
          ['--security-opt', 'writable-cgroups=true', '--cgroupns', 'private'],
          `${cgroups} || true`,
        ),
      ).toMatch(/made|^$/);
    },
  );

  test('--read-only keeps all but what is mounted from changing', async () => {
    const script =
      'for i in /x /etc/hosts /sys/x /run/x /dev/shm/x /v/x; do touch $i 2>/dev/null && echo $i; done; true';
    expect(await output(['--read-only', '--tmpfs', '/run', '-v', '/v'], script)).toBe(
      '/run/x\n/dev/shm/x\n/v/x',
    );
  });

  test('--security-opt takes labels and AppArmor as a kernel without them does', async () => {
    const flags = ['apparmor=unconfined', 'label=disable'].flatMap((option) => ['--security-opt', option]);
    expect(await output(flags, 'echo fine')).toBe('fine');
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['create', '--name', name, '--security-opt', 'apparmor=mine', busybox]);
    const shown = await docker.ok(['inspect', '-f', '{{.AppArmorProfile}}', name]);
    expect(['mine', '']).toContain(shown);
  });
});
