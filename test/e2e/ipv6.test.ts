import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { busyboxImage } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { push } from '../fixtures/image.ts';
import { sh } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { Registry } from '../fixtures/registry.ts';

/** A daemon whose default bridge has both families. */
const CONFIG = { ipv6: true, 'fixed-cidr-v6': 'fd86::/112' };

let registry: Registry;
let daemon: Daemon;
let docker: Client;
let busybox: string;

beforeAll(async () => {
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI: run scripts/setup.sh test');
  [registry, daemon] = await Promise.all([Registry.start(), Daemon.start({ subnet: 86, config: CONFIG })]);
  docker = new Client(cli, daemon.host);
  busybox = `${registry.address}/busybox:latest`;
  await push(registry.address, 'busybox', 'latest', busyboxImage());
  await docker.ok(['pull', '-q', busybox]);
}, 60_000);
afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
});

/** A container that sleeps; removed at the end. */
async function sleeper(...flags: string[]) {
  const name = uniqueName('six');
  const box = removing(docker, name);
  await docker.ok(['run', '-d', '--name', name, ...flags, busybox, 'sleep', '1000']);
  const shown = JSON.parse(await docker.ok(['inspect', '-f', '{{json .NetworkSettings}}', name]));
  return Object.assign(box, {
    name,
    settings: shown as Record<string, unknown> & { Networks: Record<string, Record<string, unknown>> },
    run: (script: string) => docker.ok(['exec', name, 'sh', '-c', script]),
  });
}

describe('the default bridge with ipv6', () => {
  test('gives containers an address of each family, and shows them', async () => {
    await using a = await sleeper();
    await using b = await sleeper();
    const six = a.settings['GlobalIPv6Address'];
    expect(six).toMatch(/^fd86::[2-9a-f]$/);
    expect(a.settings).toMatchObject({ GlobalIPv6PrefixLen: 112, IPv6Gateway: 'fd86::1' });
    expect(a.settings.Networks['bridge']).toMatchObject({
      GlobalIPv6Address: six,
      GlobalIPv6PrefixLen: 112,
      IPv6Gateway: 'fd86::1',
      Gateway: '172.30.86.1',
    });
    expect(await a.run('ip -6 addr show eth0')).toContain(`inet6 ${six}/112`);
    expect(await a.run('ip -6 addr show eth0')).not.toMatch(/tentative.*dynamic|dadfailed/);
    expect(await a.run('ip -6 route')).toContain('default via fd86::1 dev eth0');
    for (const to of [six, 'fd86::1']) await b.run(`ping -6 -c1 -W2 ${to}`);
    await sh(`busybox ping -6 -c1 -W2 ${six}`);
    const network = JSON.parse(await docker.ok(['network', 'inspect', 'bridge']))[0];
    expect(network.EnableIPv6).toBe(true);
    expect(network.IPAM.Config.map((one: { Subnet: string }) => one.Subnet)).toEqual([
      '172.30.86.0/24',
      'fd86::/112',
    ]);
    const ends = Object.values(network.Containers) as { Name: string; IPv6Address: string }[];
    expect(ends.find(({ Name }) => Name === a.name)?.IPv6Address).toBe(`${six}/112`);
  });

  test('goes on over a restart of the daemon, with the addresses that are taken', async () => {
    await using a = await sleeper();
    await daemon.kill();
    await daemon.start();
    await using b = await sleeper();
    expect(b.settings['GlobalIPv6Address']).not.toBe(a.settings['GlobalIPv6Address']);
    await b.run(`ping -6 -c1 -W2 ${a.settings['GlobalIPv6Address']}`);
    await b.run('ping -6 -c1 -W2 fd86::1');
  });
});
