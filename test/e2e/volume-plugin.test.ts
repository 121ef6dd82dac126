/** Volumes of a plugin, over Docker's plugin protocol. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { pluginPlace, VolumePlugin } from '../fixtures/volume-plugin.ts';

let place: AsyncDisposable | undefined;
/**
 * The one plugin, and a daemon of its own. Why not the shared one: where a plugin that Docker knew is gone, Docker looks
 * for it for half a minute at each name that it does not know.
 */
let own: VolumePlugin;
let daemon: Daemon;
let docker: Client;
let busybox: string;
beforeAll(async () => {
  place = await pluginPlace();
  own = await VolumePlugin.start(uniqueName('plug'));
  const shared = await engine();
  busybox = shared.busybox;
  daemon = await Daemon.start({ subnet: 97, env: { MINKE_PLUGIN_TIMEOUT_MS: '1500' } });
  docker = new Client(shared.docker.cli, daemon.host);
  await docker.ok(['pull', '-q', busybox]);
});
beforeEach(() => {
  for (const method of Object.keys(own.instead)) delete own.instead[method];
  own.asked.length = 0;
});
afterAll(async () => {
  await daemon?.stop();
  await own?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

describe('a volume plugin', () => {
  test('is found by its socket: its volumes are made, listed, shown and removed', async () => {
    const name = uniqueName('vol');
    const made = ['volume', 'create', '-d', own.name, '-o', 'size=9', '--label', 'a=b', name];
    expect(await docker.ok(made)).toBe(name);
    expect(own.volumes.get(name)?.options).toEqual({ size: '9' });
    const [shown] = JSON.parse(await docker.ok(['volume', 'inspect', name]));
    expect(shown).toMatchObject({
      Name: name,
      Driver: own.name,
      Scope: 'local',
      Labels: { a: 'b' },
      Options: { size: '9' },
      Status: { full: 'no' },
      CreatedAt: '2020-02-02T02:02:02Z',
      Mountpoint: '',
    });
    // What it has from elsewhere shows too.
    own.volumes.set('from-elsewhere', { options: null, mounted: new Set() });
    const rows = ['volume', 'ls', '-f', `driver=${own.name}`, '--format', '{{.Driver}} {{.Name}}'];
    expect((await docker.ok(rows)).split('\n').sort()).toEqual(
      [`${own.name} ${name}`, `${own.name} from-elsewhere`].sort(),
    );
    expect((await docker.run(['volume', 'create', '-d', 'local', name])).stderr).toContain(
      `create ${name}: driver '${own.name}' already has volume '${name}': volume name must be unique`,
    );
    expect(await docker.ok(['volume', 'rm', name])).toBe(name);
    expect(own.volumes.has(name)).toBe(false);
    own.volumes.delete('from-elsewhere');
    expect((await docker.run(['volume', 'inspect', name])).code).toBe(1);
  });

  test('has its volumes mounted for a run, by one id, and unmounted at its end', async () => {
    const name = uniqueName('vol');
    const script = 'echo written > /v/f; ls /v';
    const run = ['run', '--rm', '--volume-driver', own.name, '-v', `${name}:/v`, busybox, 'sh', '-c', script];
    expect(await docker.ok(run)).toBe('f');
    expect(readFileSync(join(own.folder, name, 'f'), 'utf8')).toBe('written\n');
    expect(own.count('Mount')).toBeGreaterThan(0);
    expect(own.count('Unmount')).toBe(own.count('Mount'));
    expect(own.volumes.get(name)?.mounted.size).toBe(0);
    // Made by --mount, and filled from the image.
    const other = uniqueName('vol');
    const mount = `type=volume,src=${other},dst=/www,volume-driver=${own.name},volume-opt=k=v`;
    expect(await docker.ok(['run', '--rm', '--mount', mount, busybox, 'ls', '/www'])).toBe('index.html');
    expect(own.volumes.get(other)?.options).toEqual({ k: 'v' });
    // A name that is known needs no driver; one that only the plugin knows is found there.
    expect(await docker.ok(['run', '--rm', '-v', `${name}:/v`, busybox, 'cat', '/v/f'])).toBe('written');
    own.volumes.set('elsewhere', { options: null, mounted: new Set() });
    mkdirSync(join(own.folder, 'elsewhere'));
    writeFileSync(join(own.folder, 'elsewhere/found'), '');
    expect(await docker.ok(['run', '--rm', '-v', 'elsewhere:/v', busybox, 'ls', '/v'])).toBe('found');
    await docker.ok(['volume', 'rm', name, other, 'elsewhere']);
  });

  test('keeps what runs mounted over a restart of the daemon, and hears of its end', async () => {
    using _calm = await calm('it kills the daemon itself, and counts what the plugin is asked');
    if (ENGINE === 'docker') return; // Its containers end with it.
    const [living, dying] = [uniqueName(), uniqueName()];
    await using _boxes = removing(docker, living, dying);
    for (const box of [living, dying]) {
      const volume = ['--volume-driver', own.name, '-v', `${box}:/v`];
      await docker.ok(['run', '-d', '--name', box, ...volume, busybox, 'sleep', '1000']);
    }
    const pid = Number(await docker.ok(['inspect', '-f', '{{.State.Pid}}', dying]));
    const source = await docker.ok(['inspect', '-f', '{{(index .Mounts 0).Source}}', living]);
    expect(source).toBe(join(own.folder, living));
    await daemon.kill();
    process.kill(pid, 'SIGKILL');
    await daemon.start();
    await until('the end of the mount', () => own.volumes.get(dying)?.mounted.size === 0);
    expect(own.volumes.get(living)?.mounted.size).toBe(1);
    expect(await docker.ok(['volume', 'inspect', '-f', '{{.Driver}}', living])).toBe(own.name);
    await docker.ok(['rm', '-f', living, dying]);
    expect(own.volumes.get(living)?.mounted.size).toBe(0);
    expect(own.count('Unmount')).toBe(own.count('Mount'));
    await docker.ok(['volume', 'rm', living, dying]);
  });

  test('that is not there, or is no volume plugin, is said so', async () => {
    const create = async (driver: string) =>
      (await docker.run(['volume', 'create', '-d', driver, 'x1'])).stderr;
    expect(await create('none-such')).toContain(
      'create x1: error looking up volume plugin none-such: plugin "none-such" not found',
    );
    expect(await create('../../etc/passwd')).toContain('not found');
    await using other = await VolumePlugin.start(uniqueName('plug'));
    other.instead['Activate'] = { Implements: ['NetworkDriver'] };
    expect(await create(other.name)).toMatch(/plugin does not implement the requested driver/i);
    const network = await docker.run(['network', 'create', '-d', 'none-such', uniqueName()]);
    expect(network.code).toBe(1);
    const log = await docker.run(['create', '--log-driver', 'none-such', 'x']);
    expect(log.code).toBe(1);
  });

  test('that says no is quoted, and what it says is believed only so far', async () => {
    const name = uniqueName('vol');
    own.instead['Create'] = { Err: 'there is no room' };
    const create = ['volume', 'create', '-d', own.name, name];
    expect((await docker.run(create)).stderr).toContain(`create ${name}: there is no room`);
    delete own.instead['Create'];
    await docker.ok(create);
    const run = () =>
      docker.run(['run', '--rm', '-v', `${name}:/nothing-there`, busybox, 'ls', '/nothing-there']);
    own.instead['Mount'] = { Err: 'the disk is away' };
    expect((await run()).stderr).toContain('the disk is away');
    if (ENGINE === 'minke') {
      for (const path of ['relative', '', '/', '/a/../b', `/${'x'.repeat(5000)}`, '/a\0b']) {
        own.instead['Mount'] = { Mountpoint: path };
        expect((await run()).stderr).toContain('no path of a directory');
      }
      own.instead['Mount'] = { Mountpoint: 7 as unknown as string };
      expect((await run()).code).not.toBe(0);
      own.instead['List'] = `{"Volumes": [${'{"Name":"x"},'.repeat(900_000)}{}]}`;
      const listed = await daemon.api.get('/volumes');
      const { Volumes, Warnings } = listed.json<{ Volumes: { Name: string }[]; Warnings: string[] }>();
      expect(Volumes.map((volume) => volume.Name)).toContain(name);
      expect(Warnings).toEqual([`list ${own.name}: the answer of the plugin is too long`]);
    }
    for (const answer of ['', 'no json', '[]', '{"Volumes": 3}', '{"Volumes": [null, {"Name": 1}]}']) {
      own.instead['List'] = answer;
      expect((await docker.run(['volume', 'ls'])).code).toBe(0);
    }
    delete own.instead['Mount'];
    expect((await run()).stdout).toBe('');
    await docker.ok(['volume', 'rm', name]);
  });
});

describe.skipIf(ENGINE === 'docker')('a plugin that hangs', () => {
  test('holds up its own volumes for a while, and nothing else', async () => {
    using _calm = await calm('it looks at what is held up while something hangs');
    const name = uniqueName('vol');
    await docker.ok(['volume', 'create', '-d', own.name, name]);
    own.instead['Mount'] = 'hang';
    const box = uniqueName();
    await docker.ok(['create', '--name', box, '-v', `${name}:/none`, busybox, 'true']);
    const starting = docker.run(['start', box]);
    await until('the plugin to be asked', () => own.count('Mount') > 0);
    // The forced removal does not wait for it.
    await docker.ok(['rm', '-f', box]);
    expect((await starting).code).toBe(1);
    // Nor does anybody else.
    expect(await docker.ok(['run', '--rm', '-v', '/data', busybox, 'echo', 'free'])).toBe('free');
    const slow = await docker.run(['run', '--rm', '-v', `${name}:/none`, busybox, 'true']);
    expect(slow.stderr).toContain('context deadline exceeded');
    own.instead['List'] = 'hang';
    const listed = await docker.run(['volume', 'ls', '-q']);
    expect(listed.stdout).toContain(name);
    own.instead['Get'] = 'hang';
    expect(await docker.ok(['run', '--rm', '-v', 'unknown-name:/d', busybox, 'echo', 'free'])).toBe('free');
    delete own.instead['Get'];
    delete own.instead['Mount'];
    delete own.instead['List'];
    // One that died is found again once it is back: tried for a while.
    await own.die();
    const waiting = docker.run(['volume', 'create', '-d', own.name, 'later'], { timeout: 40_000 });
    await own.listen();
    expect((await waiting).stdout.trim()).toBe('later');
    await docker.ok(['volume', 'rm', 'later', name]);
  }, 60_000);
});
