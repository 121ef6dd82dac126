import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh, until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { started } from '../fixtures/started.ts';

/** Mounts at or below a volume's directory, as the host sees them. */
async function mountsOf(name: string): Promise<string[]> {
  const { daemon } = await engine();
  const place = join(daemon.dataRoot, 'volumes', name, '_data');
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === place);
}

async function volumeWith(...options: string[]): Promise<AsyncDisposable & { name: string }> {
  const { docker } = await engine();
  const name = uniqueName('vol');
  await docker.ok(['volume', 'create', ...options.flatMap((option) => ['-o', option]), name]);
  return { name, [Symbol.asyncDispose]: async () => void (await docker.run(['volume', 'rm', '-f', name])) };
}

async function refusedCreate(...args: string[]): Promise<string> {
  const { docker } = await engine();
  const { code, stderr } = await docker.run(['volume', 'create', ...args]);
  expect(code).toBe(1);
  return stderr.trim();
}

async function inVolume(name: string, script: string, ...flags: string[]) {
  const { docker, busybox } = await engine();
  return await docker.run([
    'run',
    '--rm',
    '--network=none',
    '-v',
    `${name}:/v`,
    ...flags,
    busybox,
    'sh',
    '-c',
    script,
  ]);
}

describe('volume', () => {
  test('create, ls, inspect, rm tell what there is', async () => {
    const { docker, daemon } = await engine();
    const [one, two] = [uniqueName('vol'), uniqueName('vol')];
    expect(await docker.ok(['volume', 'create', '--label', 'kind=test', '--label', 'empty=', one])).toBe(one);
    expect(await docker.ok(['volume', 'create', two])).toBe(two);
    // Again is nothing, whatever it is asked with.
    expect(await docker.ok(['volume', 'create', '--label', 'kind=other', one])).toBe(one);
    const [shown] = JSON.parse(await docker.ok(['volume', 'inspect', one]));
    expect(shown).toMatchObject({
      Name: one,
      Driver: 'local',
      Scope: 'local',
      Labels: { kind: 'test', empty: '' },
      Mountpoint: join(daemon.dataRoot, 'volumes', one, '_data'),
    });
    expect(shown.CreatedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/);
    const ls = async (...args: string[]) => (await docker.ok(['volume', 'ls', ...args])).split('\n');
    expect(await ls('-q', '-f', `name=${one}`)).toEqual([one]);
    expect(await ls('-q', '-f', 'label=kind=test', '-f', 'driver=local', '-f', 'dangling=true')).toEqual([
      one,
    ]);
    expect(await ls('-q', '-f', 'label=kind=other')).toEqual(['']);
    expect(await ls('-q', '-f', `name=${one}`, '-f', 'driver=none-such')).toEqual(['']);
    expect(
      await ls('-f', `name=${one}`, '--format', '{{.Name}} {{.Driver}} {{.Scope}} {{.Label "kind"}}'),
    ).toEqual([`${one} local local test`]);
    expect((await docker.run(['volume', 'ls', '-f', 'odd=1'])).stderr).toMatch(/invalid filter 'odd'/i);
    expect((await docker.run(['volume', 'ls', '-f', 'dangling=maybe'])).stderr).toMatch(
      /invalid filter 'dangling=\[?maybe\]?'/i,
    );
    expect(await docker.ok(['volume', 'rm', one, two])).toBe(`${one}\n${two}`);
    expect((await docker.run(['volume', 'rm', one])).stderr).toMatch(/no such volume/i);
    expect(await docker.ok(['volume', 'rm', '-f', one])).toBe(one);
    expect((await docker.run(['volume', 'inspect', one])).stderr).toMatch(/no such volume/i);
  });

  test('keeps null and empty apart, as the client gave them', async () => {
    const { daemon, docker } = await engine();
    const [bare, empty] = [uniqueName('vol'), uniqueName('vol')];
    for (const [name, given] of [
      [bare, {}],
      [empty, { Labels: {}, DriverOpts: {} }],
    ] as const) {
      const answer = await daemon.api.post('/volumes/create', { Name: name, ...given });
      expect(answer.status).toBe(201);
      const kept = 'Labels' in given ? {} : null;
      expect(answer.json()).toMatchObject({ Name: name, Labels: kept, Options: kept });
    }
    await docker.ok(['volume', 'rm', bare, empty]);
  });

  test('in use is not removed, whether its container runs or not', async () => {
    const { docker, busybox } = await engine();
    await using volume = await volumeWith();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const id = await docker.ok(['create', '--name', name, '-v', `${volume.name}:/v`, busybox, 'true']);
    for (const flags of [[], ['-f']]) {
      const { code, stderr } = await docker.run(['volume', 'rm', ...flags, volume.name]);
      expect(code).toBe(1);
      expect(stderr).toContain(`remove ${volume.name}: volume is in use - [${id}]`);
    }
    expect(await docker.ok(['volume', 'ls', '-q', '-f', `name=${volume.name}`, '-f', 'dangling=true'])).toBe(
      '',
    );
    await docker.ok(['volume', 'prune', '-f', '-a'].slice(0, ENGINE === 'docker' ? 3 : 4));
    expect(await docker.ok(['volume', 'ls', '-q', '-f', `name=${volume.name}`])).toBe(volume.name);
    // With -v, of the volumes only those without a name go.
    await docker.ok(['rm', '-v', name]);
    await docker.ok(['volume', 'inspect', volume.name]);
  });

  test('without a name goes by rm -v and by --rm, unless somebody else has it', async () => {
    const { docker, busybox } = await engine();
    const [first, second] = [uniqueName(), uniqueName()];
    await using _boxes = removing(docker, first, second);
    await docker.ok(['create', '--name', first, '-v', '/a', '-v', '/b', busybox, 'true']);
    await docker.ok(['create', '--name', second, '--volumes-from', first, busybox, 'true']);
    const format = '{{range .Mounts}}{{.Name}} {{end}}';
    const volumes = (await docker.ok(['inspect', '-f', format, first])).trim().split(' ');
    expect(volumes).toHaveLength(2);
    await docker.ok(['rm', '-v', first]);
    for (const volume of volumes) await docker.ok(['volume', 'inspect', volume]);
    await docker.ok(['rm', '-v', second]);
    for (const volume of volumes) expect((await docker.run(['volume', 'inspect', volume])).code).toBe(1);
    using _calm = await calm('which volumes a run had cannot be asked once it is gone');
    const before = await docker.ok(['volume', 'ls', '-q']);
    await docker.ok(['run', '--rm', '-v', '/a', busybox, 'true']);
    expect(await docker.ok(['volume', 'ls', '-q'])).toBe(before);
  });
});

describe('the options of local', () => {
  test('that are wrong are refused in the words of Docker', async () => {
    const name = uniqueName('vol');
    for (const [options, why] of [
      [['foo=bar'], 'invalid option: "foo"'],
      [['size=1m'], 'quota size requested but no quota support'],
      [['size=foo'], "invalid size: 'foo'"],
      [['type=tmpfs'], 'missing required option: "device"'],
      [['device=tmpfs'], 'missing required option: "type"'],
    ] as const) {
      const flags = options.flatMap((option) => ['-o', option]);
      expect(await refusedCreate(...flags, name)).toEndWith(`create ${name}: ${why}`);
    }
    expect(await refusedCreate('-o', 'o=size=1m', name)).toMatch(/missing required option: "(device|type)"$/);
    expect(await refusedCreate('-d', 'none-such', name)).toEndWith(
      `create ${name}: error looking up volume plugin none-such: plugin "none-such" not found`,
    );
    expect(await refusedCreate('a')).toEndWith(
      'create a: volume name is too short, names should be at least two alphanumeric characters',
    );
    expect(await refusedCreate('a/b')).toContain('create a/b: "a/b" includes invalid characters');
    const { docker } = await engine();
    expect((await docker.run(['volume', 'inspect', name])).code).toBe(1);
  });

  test('mount a tmpfs at the first use, for all, until the last use ends', async () => {
    const { docker, busybox } = await engine();
    await using volume = await volumeWith('type=tmpfs', 'device=tmpfs', 'o=size=1m,uid=1000,mode=750');
    expect(
      JSON.parse(await docker.ok(['volume', 'inspect', '-f', '{{json .Options}}', volume.name])),
    ).toEqual({
      type: 'tmpfs',
      device: 'tmpfs',
      o: 'size=1m,uid=1000,mode=750',
    });
    const script = 'stat -c "%a %u" /v; grep " /v " /proc/mounts; touch /v/seen; sleep 1000';
    const first = uniqueName();
    const second = uniqueName();
    await using _boxes = removing(docker, first, second);
    expect(await mountsOf(volume.name)).toEqual([]);
    await docker.ok(['run', '-d', '--name', first, '-v', `${volume.name}:/v`, busybox, 'sh', '-c', script]);
    await until('its output', async () => (await docker.ok(['logs', first])).includes('tmpfs /v'));
    const said = await docker.ok(['logs', first]);
    expect(said).toStartWith('750 1000\n');
    expect(said).toContain('size=1024k');
    expect(await mountsOf(volume.name)).toHaveLength(1);
    await docker.ok(['run', '-d', '--name', second, '-v', `${volume.name}:/v`, busybox, 'sleep', '1000']);
    await until('the file', async () => (await docker.run(['exec', first, 'ls', '/v/seen'])).code === 0);
    expect(await docker.ok(['exec', second, 'ls', '/v'])).toBe('seen');
    expect(await mountsOf(volume.name)).toHaveLength(1);
    await docker.ok(['kill', first]);
    await docker.ok(['wait', first]);
    expect(await docker.ok(['exec', second, 'ls', '/v'])).toBe('seen');
    await docker.ok(['rm', '-f', second]);
    expect(await mountsOf(volume.name)).toEqual([]);
    // What was in there is gone with the mount, and it is made anew.
    await docker.ok(['rm', first]);
    expect((await inVolume(volume.name, 'ls /v')).stdout).toBe('');
    await docker.ok(['volume', 'rm', volume.name]);
  });

  test('bind a directory, which stays when the volume goes', async () => {
    const { docker } = await engine();
    const folder = workFolder('bound');
    writeFileSync(join(folder, 'theirs'), 'of the host');
    await using volume = await volumeWith('type=none', 'o=bind', `device=${folder}`);
    await using flat = await volumeWith('type=none', 'o=bind,ro', `device=${folder}`);
    const { stdout } = await inVolume(volume.name, 'cat /v/theirs; echo new > /v/mine');
    expect(stdout).toBe('of the host');
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('new\n');
    const refused = await inVolume(flat.name, 'cat /v/mine; touch /v/x');
    expect(refused.stdout).toBe('new\n');
    expect(refused.stderr).toContain('Read-only file system');
    await docker.ok(['volume', 'rm', volume.name, flat.name]);
    expect(readdirSync(folder).sort()).toEqual(['mine', 'theirs']);
  });

  test('that cannot be mounted are told at the first use, and nothing is left', async () => {
    const { daemon, docker } = await engine();
    const place = (name: string) => join(daemon.dataRoot, 'volumes', name, '_data');
    for (const [options, why] of [
      [
        ['type=nfs', 'device=:/x', 'o=addr=127.0.0.1,vers=4'],
        ['mount :/x:', ', data: addr=127.0.0.1,vers=4: no such device'],
      ],
      [
        ['type=nfs', 'device=:/x', 'o=addr=none.such.invalid'],
        ['error resolving passed in network volume address: '],
      ],
      [
        ['type=none', 'o=bind', 'device=/none/such'],
        ['mount /none/such:', ', flags: 0x1000: no such file or directory'],
      ],
      [
        ['type=nosuchfs', 'device=x'],
        ['mount x:', '/_data: no such device'],
      ],
      [
        ['type=tmpfs', 'device=tmpfs', 'o=foo=bar'],
        ['mount tmpfs:', ', data: foo=bar: invalid argument'],
      ],
    ] as const) {
      await using volume = await volumeWith(...options);
      const { code, stderr } = await inVolume(volume.name, 'true');
      expect(code).not.toBe(0);
      expect(stderr).toContain(`error while mounting volume '${place(volume.name)}': `);
      for (const part of why) expect(stderr).toContain(part);
      expect(await mountsOf(volume.name)).toEqual([]);
      await docker.ok(['volume', 'rm', volume.name]);
    }
  });

  test('hold for cp into a container that does not run', async () => {
    const { docker, busybox } = await engine();
    const folder = workFolder('cp');
    await using volume = await volumeWith('type=none', 'o=bind', `device=${folder}`);
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['create', '--name', name, '-v', `${volume.name}:/v`, busybox, 'true']);
    writeFileSync(join(folder, 'there'), 'x');
    const source = join(workFolder('from'), 'file');
    writeFileSync(source, 'copied');
    await docker.ok(['cp', source, `${name}:/v/file`]);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('copied');
    const back = join(workFolder('to'), 'there');
    await docker.ok(['cp', `${name}:/v/there`, back]);
    expect(existsSync(back)).toBe(true);
    await until('the end of its mount', async () => (await mountsOf(volume.name)).length === 0);
    await docker.ok(['rm', name]);
  });

  test('keep a volume out of what is measured and pruned', async () => {
    const { docker, daemon } = await engine();
    await using special = await volumeWith('type=tmpfs', 'device=tmpfs');
    await using plain = await volumeWith();
    await inVolume(plain.name, 'head -c 5000 /dev/zero > /v/f');
    const used = await daemon.api.get('/v1.41/system/df');
    const { Volumes: rows } = used.json<{ Volumes: { Name: string; UsageData: object }[] }>();
    expect(rows.find(({ Name }) => Name === plain.name)?.UsageData).toEqual({ Size: 5000, RefCount: 0 });
    expect(rows.find(({ Name }) => Name === special.name)).toBeUndefined();
    const pruned = await daemon.api.post('/v1.41/volumes/prune');
    expect(pruned.json<{ VolumesDeleted: string[] }>().VolumesDeleted).toContain(plain.name);
    await docker.ok(['volume', 'inspect', special.name]);
  });

  test.skipIf(ENGINE === 'docker')(
    'are counted over a killed daemon, and nothing is left of who died meanwhile',
    async () => {
      using _calm = await calm('it kills the daemon itself, and looks at what is mounted at once');
      const { docker, daemon } = await engine();
      await using volume = await volumeWith('type=tmpfs', 'device=tmpfs');
      await using alone = await volumeWith('type=tmpfs', 'device=tmpfs');
      const flags = (name: string) => ['-v', `${name}:/v`];
      await using living = await started('echo up; sleep 1000', { says: 'up', flags: flags(volume.name) });
      await using dying = await started('echo up; sleep 1000', {
        says: 'up',
        flags: [...flags(volume.name), '-v', `${alone.name}:/alone`],
      });
      const pid = Number(await docker.ok(['inspect', '-f', '{{.State.Pid}}', dying.name]));
      await daemon.kill();
      process.kill(pid, 'SIGKILL');
      await daemon.start();
      await until('the end of its mount', async () => (await mountsOf(alone.name)).length === 0);
      expect(await mountsOf(volume.name)).toHaveLength(1);
      await docker.ok(['exec', living.name, 'touch', '/v/still-there']);
      await docker.ok(['rm', '-f', living.name]);
      expect(await mountsOf(volume.name)).toEqual([]);
      // What a crash left without a note, and what no record tells of any more.
      await daemon.kill();
      await sh(`mount -t tmpfs stray ${join(daemon.dataRoot, 'volumes', volume.name, '_data')}`);
      await daemon.start();
      await until('the end of a stray mount', async () => (await mountsOf(volume.name)).length === 0);
    },
  );
});

describe('at once', () => {
  test('a volume is there for whoever got it, however create, start, rm and prune meet', async () => {
    using _calm = await calm('each of these may win, and a kill would let all lose');
    const { docker, busybox } = await engine();
    const name = uniqueName('vol');
    const rounds = Number(process.env['MINKE_TEST_ROUNDS'] ?? 3);
    for (let round = 0; round < rounds; round++) {
      const results = await Promise.all([
        docker.run(['run', '--rm', '-v', `${name}:/v`, busybox, 'sh', '-c', 'echo x > /v/f && cat /v/f']),
        docker.run(['volume', 'rm', name]),
        docker.run(['volume', 'create', name]),
        docker.run(['run', '--rm', '-v', `${name}:/v`, busybox, 'touch', '/v/g']),
        docker.run(['volume', 'rm', name]),
        docker.run(['volume', 'prune', '-f']),
      ]);
      expect(results[0]?.stderr).toBe('');
      expect(results[0]?.stdout).toBe('x\n');
      expect(results[3]?.stderr).toBe('');
      for (const { code, stderr } of results)
        if (code !== 0) expect(stderr).toMatch(/in use|no such volume/i);
    }
    await docker.run(['volume', 'rm', '-f', name]);
  });
});

describe('a new volume', () => {
  test('takes what the image has there, with owners, modes, links and times', async () => {
    const { docker, busybox } = await engine();
    const image = uniqueName('img');
    const folder = workFolder('context');
    mkdirSync(folder, { recursive: true });
    const made = uniqueName();
    await using _box = removing(docker, made);
    const script =
      'mkdir -p /d/sub && echo x > /d/f && chown 7:8 /d/f && chmod 4750 /d/f && ln -s /etc/passwd /d/l && ln /d/f /d/sub/h && mkfifo /d/p && chmod 1777 /d/sub && touch -d "2001-02-03 04:05:06" /d/f && chown 9:9 /d';
    await docker.ok(['run', '--name', made, busybox, 'sh', '-c', script]);
    await docker.ok(['commit', made, image]);
    try {
      await using volume = await volumeWith();
      const look = 'cd /d; stat -c "%n %a %u %g %h %F %Y" f l p sub sub/h; stat -c "%u %g" .; readlink l';
      const asIs = await docker.ok(['run', '--rm', image, 'sh', '-c', look]);
      const filled = await docker.ok(['run', '--rm', '-v', `${volume.name}:/d`, image, 'sh', '-c', look]);
      const withoutTimeOf = (text: string) => text.replace(/^(sub|l|p) (.*) \d+$/gm, '$1 $2');
      expect(withoutTimeOf(filled)).toBe(withoutTimeOf(asIs));
      expect(filled).toContain('f 4750 7 8 2 regular file 981173106');
      // Once there is something in it, it stays as it is.
      await inVolume(volume.name, 'rm -rf /v/*; touch /v/mine');
      expect(await docker.ok(['run', '--rm', '-v', `${volume.name}:/d`, image, 'ls', '/d'])).toBe('mine');
      expect(await docker.ok(['run', '--rm', '-v', '/d', image, 'ls', '/d'])).toBe('f\nl\np\nsub');
      await using bare = await volumeWith();
      expect(await docker.ok(['run', '--rm', '-v', `${bare.name}:/d:nocopy`, image, 'ls', '/d'])).toBe('');
      // Labels of SELinux are taken, and mean nothing where there is none.
      for (const mode of ['z', 'Z', 'ro,z'])
        await docker.ok(['run', '--rm', '-v', `${volume.name}:/d:${mode}`, image, 'ls', '/d']);
    } finally {
      await docker.run(['rmi', '-f', image]);
    }
  });
});
