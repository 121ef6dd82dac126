import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { busyboxImage } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { Etc } from '../fixtures/etc.ts';
import { push } from '../fixtures/image.ts';
import { sh, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { Registry } from '../fixtures/registry.ts';

const UID = 100_000;
const GID = 200_000;
const etc = new Etc();
const daemon = new Daemon({ subnet: 98, config: { 'userns-remap': 'mapped' } });
const [cli] = dockerClis();
if (!cli) throw new Error('no docker CLI: run scripts/setup.sh test');
const docker = new Client(cli, daemon.host);
let registry: Registry;
let busybox = '';

beforeAll(async () => {
  const passwd = readFileSync('/etc/passwd', 'utf8');
  await etc.file('/etc/passwd', `${passwd}mapped:x:7000:7000::/:/bin/false\n`);
  await etc.file('/etc/group', `${readFileSync('/etc/group', 'utf8')}mapped:x:7000:\n`);
  await etc.file('/etc/subuid', `mapped:${UID}:65536\n`);
  await etc.file('/etc/subgid', `mapped:${GID}:65536\n`);
  // The root of the user namespaces must pass through.
  for (let path = daemon.folder; path !== '/'; path = dirname(path)) {
    const { mode } = statSync(path);
    if ((mode & 1) === 0) chmodSync(path, mode | 0o001);
  }
  registry = await Registry.start();
  await daemon.start();
  busybox = `${registry.address}/busybox:latest`;
  await push(registry.address, 'busybox', 'latest', busyboxImage());
  await docker.ok(['pull', '-q', busybox]);
}, 60_000);

afterAll(async () => {
  await daemon.stop();
  await registry.stop();
  await etc.restore();
});

const output = (flags: string[], script: string) =>
  docker.ok(['run', '--rm', ...flags, busybox, 'sh', '-c', script]);
const dataRoot = () => join(daemon.dataRoot, `${UID}.${GID}`);

describe('userns-remap', () => {
  test('maps root and all others, and files of the image belong to who they did', async () => {
    expect(
      await output([], 'cat /proc/self/uid_map | tr -s " "; id -u; stat -c "%u %g" / /etc/passwd /tmp'),
    ).toBe(` 0 ${UID} 65536\n0\n0 0\n0 0\n0 0`);
    expect(
      await output(['-u', 'app'], 'id -u; touch /tmp/x && stat -c "%u %g" /tmp/x; echo out > /dev/stdout'),
    ).toBe('1000\n1000 1000\nout');
    expect(await docker.ok(['info', '-f', '{{.DockerRootDir}} {{.SecurityOptions}}'])).toMatch(
      new RegExp(`^${dataRoot()} .*name=userns`),
    );
  });

  test('a process is the mapped user on the host, in a network that is its own', async () => {
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok([
      'run',
      '-d',
      '--name',
      name,
      '-p',
      '127.0.0.1::80',
      '--cap-add',
      'NET_ADMIN',
      busybox,
      'httpd',
      '-f',
      '-p',
      '80',
      '-h',
      '/www',
    ]);
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]);
    expect(statSync(`/proc/${pid}`).uid).toBe(UID);
    const port = (await docker.ok(['port', name, '80'])).split(':').at(-1);
    expect(await sh(`curl -s http://127.0.0.1:${port}/`)).toBe('hello from the image');
    expect(
      await docker.ok(['exec', name, 'sh', '-c', 'ip link set lo down && id -u && echo x > /dev/stdout']),
    ).toBe('0\nx');
    expect(await docker.ok(['exec', '-u', 'app', name, 'id', '-u'])).toBe('1000');
    const address = 'ip -4 addr show eth0 | grep inet';
    const own = await docker.ok(['exec', name, 'sh', '-c', address]);
    expect(await output(['--network', `container:${name}`], address)).toBe(own);
    expect(await output(['--pid', `container:${name}`], 'cat /proc/1/comm')).toBe('httpd');
  });

  test('goes on over a killed daemon, and starts again', async () => {
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, busybox, 'sh', '-c', 'trap exit TERM; sleep 100 & wait']);
    await daemon.kill();
    await daemon.start();
    const uid = () => docker.ok(['exec', name, 'sh', '-c', 'tr -s " " < /proc/self/uid_map; touch /x']);
    expect(await uid()).toBe(` 0 ${UID} 65536`);
    await docker.ok(['restart', '-t', '1', name]);
    expect(await uid()).toBe(` 0 ${UID} 65536`);
  });

  test('volumes and files made for a container are its root’s', async () => {
    const volume = uniqueName();
    const script =
      'stat -c "%u %g" /v /v/index.html /etc/hosts; echo "1.2.3.4 x" >> /etc/hosts && touch /v/new';
    // What the image has there is copied, with its owners.
    expect(await output(['-v', `${volume}:/www`], 'stat -c "%u" /www/index.html')).toBe('0');
    expect(await output(['-v', `${volume}:/v`], script)).toBe('0 0\n0 0\n0 0');
    const files = join(dataRoot(), 'volumes', volume, '_data');
    expect([statSync(files).uid, statSync(join(files, 'new')).gid]).toEqual([UID, GID]);
    await docker.ok(['volume', 'rm', volume]);
    expect(await output(['-w', '/made/here'], 'stat -c "%u %g" /made /made/here')).toBe('0 0\n0 0');
  });

  test('cp, diff, commit and export say who owns files inside', async () => {
    using _calm = await calm('archives that go through a pipe of the shell');
    const name = uniqueName();
    await using _box = removing(docker, name);
    const folder = workFolder('userns-cp');
    writeFileSync(join(folder, 'sent'), 'x');
    await docker.ok([
      'run',
      '--name',
      name,
      busybox,
      'sh',
      '-c',
      'mkdir -p /etc/new; echo in > /f; chown 1000:1000 /f',
    ]);
    // Compat: Docker's says who they are on the host.
    const owner = ENGINE === 'docker' ? `${UID + 1000}/${GID + 1000}` : '1000/1000';
    expect(await sh(`docker -H ${daemon.host} cp ${name}:/f - | tar --numeric-owner -tv`)).toContain(owner);
    await docker.ok(['cp', join(folder, 'sent'), `${name}:/sent`]);
    expect((await docker.ok(['diff', name])).split('\n').sort()).toEqual([
      'A /etc/new',
      'A /f',
      'A /sent',
      'C /etc',
    ]);
    const image = uniqueName('committed');
    await docker.ok(['commit', name, image]);
    const stat = await docker.ok(['run', '--rm', image, 'stat', '-c', '%u %g', '/f', '/sent', '/etc']);
    expect(stat).toBe('1000 1000\n0 0\n0 0');
    const members = await sh(
      `docker -H ${daemon.host} export ${name} | tar --numeric-owner -tv f etc/passwd`,
    );
    expect(members).toMatch(/1000\/1000.* f$/m);
    expect(members).toMatch(/ 0\/0 .*etc\/passwd$/m);
    await docker.ok(['rmi', image]);
  });

  test('--userns host is in the host’s, and what needs that is refused without', async () => {
    expect(await output(['--userns', 'host'], 'tr -s " " < /proc/self/uid_map')).toBe(' 0 0 4294967295');
    const run = (...flags: string[]) => docker.run(['run', '--rm', ...flags, busybox, 'true']);
    expect((await run('--privileged')).stderr).toContain(
      'privileged mode is incompatible with user namespaces.',
    );
    expect((await run('--network', 'host')).stderr).toContain(
      "cannot share the host's network namespace when user namespaces are enabled",
    );
    expect((await run('--pid', 'host')).stderr).toContain(
      'cannot share the host PID namespace when user namespaces are enabled',
    );
    expect((await run('--userns', 'host', '--network', 'host')).code).toBe(0);
  });

  test.skipIf(ENGINE === 'docker')('no layer is copied, and nothing stays mounted', async () => {
    const layers = join(dataRoot(), 'overlay2');
    expect(await sh(`find ${layers} -path '*diff/etc/passwd' -exec stat -c %u {} +`)).toBe('0');
    expect(await sh(`grep -c ${daemon.execRoot}/m /proc/self/mounts || true`)).toBe('0');
  });
});

test.skipIf(ENGINE === 'docker')(
  'a data-root of a Docker with userns-remap is not opened, for its layers have other owners',
  async () => {
    const other = new Daemon({ subnet: 99, config: { 'userns-remap': 'mapped' } });
    for (let path = other.folder; path !== '/'; path = dirname(path)) {
      const { mode } = statSync(path);
      if ((mode & 1) === 0) chmodSync(path, mode | 0o001);
    }
    await sh(`mkdir -p ${other.dataRoot}/${UID}.${GID}/image/overlay2`);
    other.spawn();
    expect(await other.ended()).not.toBe(0);
    expect(other.logTail()).toContain('is the data-root of a Docker with userns-remap');
  },
);
