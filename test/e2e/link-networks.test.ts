import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ENGINE } from '../fixtures/daemon.ts';
import { type Engine, engine } from '../fixtures/engine.ts';
import { run, until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { Outside } from '../fixtures/outside.ts';

/** The interface of the host to the machine outside; a parent of networks. */
const PARENT = 'mt-host';
const POOL = ['--subnet', '10.99.77.0/24', '--gateway', Outside.ADDRESS, '--ip-range', '10.99.77.128/25'];
const lan = uniqueName('lan');
let e: Engine;
let outside: Outside;
beforeAll(async () => {
  e = await engine();
  outside = await Outside.start();
  await create(lan, '-d', 'macvlan', '-o', `parent=${PARENT}`, ...POOL);
});
afterAll(async () => {
  await e.docker.run(['network', 'rm', lan]);
  await outside.stop();
});

const create = (name: string, ...flags: string[]) => e.docker.ok(['network', 'create', ...flags, name]);
const refused = async (...flags: string[]) => {
  const name = uniqueName('no');
  const { code, stderr } = await e.docker.run(['network', 'create', ...flags, name]);
  expect(code).not.toBe(0);
  expect((await e.docker.run(['network', 'inspect', name])).code).not.toBe(0);
  // The second one is of 20.10.
  return stderr
    .trim()
    .replace('Error response from daemon: ', '')
    .replace('interface does was', 'interface was');
};
const page = (name: string, host: string) =>
  e.docker.run(['exec', name, 'timeout', '3', 'wget', '-qO-', `http://${host}/`]);
const field = (name: string, template: string) => e.docker.ok(['inspect', '-f', template, name]);

describe('a macvlan network', () => {
  test('puts containers into the network of the host, by names too; ports are not published', async () => {
    const [one, two] = [uniqueName('one'), uniqueName('two')];
    await using _gone = removing(e.docker, one, two);
    const command = [e.busybox, 'httpd', '-f', '-h', '/www'];
    await e.docker.ok(['run', '-d', '--name', one, '--network', lan, '-p', '80', ...command]);
    await e.docker.ok(['run', '-d', '--name', two, '--network', lan, '--ip', '10.99.77.200', ...command]);
    expect(await field(lan, '{{.Driver}} {{json .Options}} {{(index .IPAM.Config 0).Gateway}}')).toBe(
      `macvlan {"parent":"${PARENT}"} ${Outside.ADDRESS}`,
    );
    const shown = `{{with index .NetworkSettings.Networks "${lan}"}}{{.IPAddress}} {{.Gateway}} {{.MacAddress}}{{end}}`;
    const [ip = '', gateway = '', mac = ''] = (await field(one, shown)).split(' ');
    expect([ip, gateway]).toEqual(['10.99.77.128', Outside.ADDRESS]);
    expect(await e.docker.ok(['exec', one, 'ip', 'link', 'show', 'eth0'])).toContain(mac);
    expect((await page(one, Outside.ADDRESS)).stdout).toBe('hello from outside\n');
    expect((await page(one, two)).stdout).toBe('hello from the image\n');
    expect((await page(two, one)).stdout).toBe('hello from the image\n');
    expect(await until('the page', () => outside.sh(`busybox wget -qO- http://${ip}/`))).toBe(
      'hello from the image',
    );
    expect(await e.docker.ok(['port', one])).toBe('');
    await e.docker.ok(['restart', '-t', '0', two]);
    expect(await field(two, shown)).toStartWith('10.99.77.200 ');
    expect(await until('the page', async () => (await page(one, two)).stdout)).toBe('hello from the image\n');
    await expect(e.docker.ok(['network', 'rm', lan])).rejects.toThrow('has active endpoints');
  });

  test('is joined by a container of a bridge, and left', async () => {
    const name = uniqueName('both');
    await using _gone = removing(e.docker, name);
    await e.docker.ok(['run', '-d', '--name', name, e.busybox, 'sleep', '1000']);
    await e.docker.ok(['network', 'connect', lan, name]);
    const links = () => e.docker.ok(['exec', name, 'ls', '/sys/class/net']);
    expect(await links()).toContain('eth1');
    expect((await page(name, Outside.ADDRESS)).stdout).toBe('hello from outside\n');
    await e.docker.ok(['network', 'disconnect', lan, name]);
    expect(await links()).not.toContain('eth1');
  });
});

describe('refused in the words of Docker is', () => {
  const macvlan = ['-d', 'macvlan', '-o'];
  test.each([
    [
      "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default",
      'macvlan_mode=x',
    ],
    ['loopback interface is not a valid macvlan parent link', 'parent=lo'],
    ['invalid subinterface vlan name nobody, example formatting is eth0.10', 'parent=nobody'],
    ['-o parent interface was not found on the host: nobody', 'parent=nobody.10'],
    [`vlan id must be between 1-4094, received: 5000`, `parent=${PARENT}.5000`],
  ])('%s', async (sentence, option) => {
    expect(await refused(...macvlan, option)).toBe(sentence);
  });

  test('what the kernel lacks, a driver that is not there, and overlay without a swarm', async () => {
    const has = async (kind: string) => {
      const made = (await run('ip', ['link', 'add', 'mt-probe', 'type', kind])).code === 0;
      if (made) await run('ip', ['link', 'delete', 'mt-probe']);
      return made;
    };
    if (!(await has('dummy'))) expect(await refused('-d', 'macvlan')).toContain('operation not supported');
    expect(await refused('-d', 'no-such-driver')).toContain('no-such-driver');
    expect(await refused('-d', 'overlay')).toContain('This node is not a swarm manager.');
    // 20.10 does not know of it.
    if (ENGINE === 'docker') return;
    expect(await refused('-d', 'ipvlan', '-o', `parent=${PARENT}`, '-o', 'ipvlan_flag=x')).toBe(
      "requested ipvlan flag 'x' is not valid, 'bridge' is the ipvlan driver default",
    );
  });

  // Docker makes such a network, and no container starts in it.
  test.skipIf(ENGINE === 'docker')('ipvlan, where the kernel has none', async () => {
    const says = await e.docker.run([
      'network',
      'create',
      '-d',
      'ipvlan',
      '-o',
      `parent=${PARENT}`,
      'mt-ipvlan',
    ]);
    await e.docker.run(['network', 'rm', 'mt-ipvlan']);
    if (says.code !== 0) expect(says.stderr).toContain('this kernel has no links of type ipvlan');
  });
});
