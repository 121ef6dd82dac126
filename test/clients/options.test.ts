/** Limits, mounts and rights, asked for by each docker CLI of this machine and by our own. */
import { describe, expect, test } from 'bun:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';

const clients = ENGINE === 'docker' ? dockerClis() : [...dockerClis(), MINKE_CLI];

describe.each(clients.map((cli) => [cli.name, cli] as const))('%s', (name, program) => {
  test('run takes limits, mounts and rights', async () => {
    const { daemon, busybox } = await engine();
    const cli = new Client(program, daemon.host);
    const folder = workFolder('client-options');
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'f'), 'of the host\n');
    const profile = join(folder, 'profile.json');
    writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW' }));
    const volume = uniqueName();
    const flags = [
      ...[
        '-m',
        '64m',
        '--cpus',
        '0.5',
        '--cpuset-cpus',
        '0',
        '--pids-limit',
        '50',
        '--ulimit',
        'nofile=100:200',
      ],
      ...[
        '--sysctl',
        'net.core.somaxconn=77',
        '--shm-size',
        '2m',
        '--oom-score-adj',
        '7',
        '--cgroupns',
        'private',
      ],
      ...['--cap-drop', 'ALL', '--cap-add', 'CHOWN', '--security-opt', `seccomp=${profile}`],
      ...['--security-opt', 'no-new-privileges', '-u', '1000:50', '--group-add', '99', '--read-only'],
      ...['--mount', `type=bind,src=${folder},dst=/b,readonly`, '--tmpfs', '/t:size=1m'],
      ...['--mount', `type=volume,src=${volume},dst=/www,volume-nocopy`, '--device', '/dev/null:/dev/mine:r'],
      ...['--add-host', 'db:10.1.2.3', '--dns', '10.1.1.1', '--hostname', 'box'],
    ];
    const script = [
      ...[
        'id -u; id -G',
        'ulimit -n',
        'cat /proc/sys/net/core/somaxconn /proc/self/oom_score_adj',
        'cat /b/f',
      ],
      ...[
        'ls /www',
        'test -c /dev/mine && hostname',
        "awk '/CapBnd|NoNewPrivs|Seccomp:/ { print $2 }' /proc/self/status",
      ],
      ...['touch /x 2>/dev/null || echo ro', 'nproc', 'grep -c "10.1.2.3" /etc/hosts'],
    ];
    const said = await cli.ok(['run', '--rm', ...flags, busybox, 'sh', '-c', script.join('; ')]);
    const [user, groups, ...rest] = said.split('\n');
    expect(user).toBe('1000');
    expect(groups?.split(' ').sort()).toEqual(['50', '99']);
    const expected = ['100', '77', '7', 'of the host', 'box', '0000000000000001', '1', '2', 'ro', '1', '1'];
    expect(rest.filter((line) => line !== '')).toEqual(expected);
    await cli.ok(['volume', 'rm', volume]);
  });

  test.skipIf(ENGINE === 'docker' || name.includes('20.10'))('run takes what came after 20.10', async () => {
    const { daemon, busybox } = await engine();
    const cli = new Client(program, daemon.host);
    const image = ['--mount', `type=image,src=${busybox},dst=/i,image-subpath=www`, '--annotation', 'a=b'];
    expect(await cli.ok(['run', '--rm', ...image, busybox, 'ls', '/i'])).toBe('index.html');
    const device = await cli.run(['run', '--rm', '--device', 'vendor.com/class=x', busybox, 'true']);
    expect(device.code).toBe(125);
    expect(device.stderr).toContain(
      'CDI device injection failed: unresolvable CDI devices vendor.com/class=x',
    );
  });
});
