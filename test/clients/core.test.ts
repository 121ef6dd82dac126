/** The rows that every client must do: each docker CLI of this machine, and our own. */
import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dockerArchive } from '../fixtures/archive.ts';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, imageId, push } from '../fixtures/image.ts';
import { until, workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

const clients = ENGINE === 'docker' ? dockerClis() : [...dockerClis(), MINKE_CLI];

describe.each(clients.map((cli) => [cli.name, cli] as const))('%s', (_name, program) => {
  async function client() {
    const { daemon, busybox, registry } = await engine();
    return { cli: new Client(program, daemon.host), busybox, registry };
  }

  test('version and info', async () => {
    const { cli } = await client();
    const version = await cli.ok(['version']);
    expect(version).toMatch(/Server/);
    expect(version).toMatch(/API version: +\d\.\d+/);
    expect(await cli.ok(['version', '--format', '{{.Server.Os}}'])).toBe('linux');
    const info = await cli.ok(['info']);
    expect(info).toContain('Storage Driver: overlay2');
    expect(await cli.ok(['info', '--format', '{{.Driver}}'])).toBe('overlay2');
  });

  test('exec', async () => {
    const { cli, busybox } = await client();
    const name = uniqueName();
    await cli.ok(['run', '-d', '--name', name, busybox, 'sleep', '1000']);
    await using _box = removing(cli, name);
    const script = 'cat; echo err >&2; exit 7';
    const flags = ['exec', '-i', '-e', 'A=b', '-w', '/tmp', '-u', '1:1', name];
    const result = await cli.run([...flags, 'sh', '-c', `pwd; echo $A; id -u; ${script}`], { input: 'in\n' });
    expect(result).toMatchObject({ code: 7, stdout: '/tmp\nb\n1\nin\n', stderr: 'err\n' });
    expect((await cli.run(['exec', name, 'nosuch'])).code).toBe(ENGINE === 'docker' ? 126 : 127);
    expect((await cli.run(['exec', '-d', name, 'touch', '/x'])).stdout).toBe('');
    const terminal = await cli.terminal(['exec', '-it', name, 'sh'], 31, 97);
    await terminal.see(/\/ # /);
    terminal.type('stty size; exit 5\n');
    await terminal.see(/31 97/);
    expect(await terminal.ended).toBe(5);
  });

  test('pull, images, inspect, rmi', async () => {
    const { cli, registry } = await client();
    const name = uniqueName('client');
    const image = buildImage({
      layers: [busyboxRootfs(), tar([{ name: 'x', content: name }])],
      config: { Cmd: ['cat', '/x'] },
    });
    await push(registry.address, name, 'v1', image);
    const reference = `${registry.address}/${name}:v1`;
    const pulled = await cli.ok(['pull', reference]);
    expect(pulled).toContain(`v1: Pulling from ${name}`);
    expect(pulled).toContain(`Digest: ${image.manifest.digest}`);
    expect(pulled).toContain(`Status: Downloaded newer image for ${reference}`);
    expect(await cli.ok(['images', '-q', '--no-trunc', `${registry.address}/${name}`])).toBe(imageId(image));
    const [head = '', row = ''] = (await cli.ok(['images', `${registry.address}/${name}`])).split('\n');
    expect(head).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE/);
    expect(row).toMatch(new RegExp(`^${registry.address}/${name} +v1 +${imageId(image).slice(7, 19)}`));
    expect(await cli.ok(['inspect', '-f', '{{.Id}}', reference])).toBe(imageId(image));
    expect(await cli.ok(['run', '--rm', reference])).toBe(name);
    expect(await cli.ok(['rmi', reference])).toContain(`Untagged: ${reference}`);
    const gone = await cli.run(['inspect', reference]);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toMatch(/No such (object|image)/i);
    const unknown = await cli.run(['pull', `${registry.address}/${name}:nope`]);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('not found: manifest unknown');
  });

  test('load and import', async () => {
    const { cli } = await client();
    const name = uniqueName('client');
    const layers = [busyboxRootfs(), tar([{ name: 'x', content: name }])];
    const image = buildImage({ layers, config: { Cmd: ['cat', '/x'] } });
    const archive = dockerArchive(image, layers, { tags: [`${name}:v1`] });
    const folder = workFolder('archives');
    writeFileSync(join(folder, 'image.tar'), archive);
    const loaded = `Loaded image: ${name}:v1`;
    expect(await cli.ok(['load', '-i', join(folder, 'image.tar')])).toBe(loaded);
    expect(await cli.ok(['load'], { input: gzipSync(archive, { level: 1 }) })).toBe(loaded);
    expect(await cli.ok(['run', '--rm', `${name}:v1`])).toBe(name);
    const bad = await cli.run(['load'], { input: archive.subarray(0, 100_000) });
    expect(bad).toMatchObject({ code: 1, stdout: '' });
    expect(bad.stderr).toContain('unexpected EOF');
    const missing = await cli.run(['load', '-i', join(folder, 'none')]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(`open ${folder}/none: no such file or directory`);
    writeFileSync(join(folder, 'rootfs.tar'), busyboxRootfs([{ name: 'x', content: name }]));
    const flags = ['-c', 'CMD ["cat","/x"]', '-m', 'why'];
    const id = await cli.ok(['import', ...flags, join(folder, 'rootfs.tar'), `${name}:v2`]);
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await cli.ok(['run', '--rm', `${name}:v2`])).toBe(name);
    expect(await cli.ok(['history', '--format', '{{.Comment}}', `${name}:v2`])).toBe('why');
    await cli.ok(['rmi', '-f', id, imageId(image)]);
  });

  test('run: streams, input, exit codes, flags', async () => {
    const { cli, busybox } = await client();
    const script = 'echo out; echo err >&2; exit 7';
    expect(await cli.run(['run', '--rm', busybox, 'sh', '-c', script])).toMatchObject({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await cli.run(['run', '--rm', '-i', busybox, 'cat'], { input: 'hi\n' })).toMatchObject({
      code: 0,
      stdout: 'hi\n',
    });
    const flags = ['-e', 'A=1', '-w', '/tmp', '-u', 'app', '--hostname', 'hosty', '--network', 'none'];
    const more = [
      '-m',
      '64m',
      '--cpus',
      '0.5',
      '--label',
      'a=b',
      '-v',
      '/usr/share:/s:ro',
      '--entrypoint',
      'sh',
    ];
    const seen = 'echo $A; pwd; id -un; hostname; ls /sys/class/net; test -d /s/doc && echo mounted';
    expect(await cli.ok(['run', '--rm', ...flags, ...more, busybox, '-c', seen])).toBe(
      '1\n/tmp\napp\nhosty\nlo\nmounted',
    );
    const missing = await cli.run(['run', '--rm', busybox, 'nope']);
    expect(missing.code).toBe(127);
    expect(missing.stderr).toContain('exec: "nope": executable file not found in $PATH');
    expect((await cli.run(['run', '--rm', busybox, '/etc'])).code).toBe(126);
    expect((await cli.run(['run', '--rm', '--network', 'nope', busybox, 'true'])).code).toBe(125);
    const flag = await cli.run(['run', '--no-such-flag', busybox]);
    expect(flag.code).toBe(125);
    expect(flag.stderr).toMatch(/unknown flag: --no-such-flag/);
  });

  test('run on a terminal', async () => {
    const { cli, busybox } = await client();
    const terminal = await cli.terminal(['run', '--rm', '-it', busybox, 'sh'], 31, 97);
    await terminal.see(/\/ # /);
    terminal.type('stty size\n');
    await terminal.see(/31 97/);
    terminal.type('exit 9\n');
    expect(await terminal.ended).toBe(9);
  });

  test('create, start, ps, logs, stop, kill, wait, rm', async () => {
    using _calm = await calm('the end of the daemon is the end of an input for one client');
    const { cli, busybox } = await client();
    const name = uniqueName();
    await using _box = removing(cli, name);
    const script = 'echo one; read x; echo $x; exit 3';
    const id = await cli.ok(['create', '--name', name, '-i', busybox, 'sh', '-c', script]);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const listed = ['ps', '-a', '--filter', `name=${name}`, '--format', '{{.ID}} {{.Status}}'];
    expect(await cli.ok(listed)).toBe(`${id.slice(0, 12)} Created`);
    expect(await cli.run(['start', '-a', '-i', name], { input: 'two\n' })).toMatchObject({
      code: 3,
      stdout: 'one\ntwo\n',
    });
    expect(await cli.ok(['logs', '--tail', '1', name])).toBe('two');
    expect(await cli.ok(['wait', name])).toBe('3');
    expect(await cli.ok(['start', name])).toBe(name);
    await until('the first line', async () => (await cli.ok(['logs', name])) === 'one\ntwo\none');
    const [head = '', row = ''] = (await cli.ok(['ps', '--filter', `name=${name}`])).split('\n');
    expect(head).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES/);
    expect(row).toMatch(new RegExp(`^${id.slice(0, 12)} .* Up .*${name}$`));
    expect((await cli.run(['rm', name])).code).toBe(1);
    expect(await cli.ok(['stop', '-t', '0', name])).toBe(name);
    await cli.ok(['start', name]);
    expect(await cli.ok(['kill', '-s', 'KILL', name])).toBe(name);
    expect(await cli.ok(['wait', name])).toBe('137');
    expect(await cli.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).toBe('exited 137');
    expect(await cli.ok(['rm', '-f', '-v', name])).toBe(name);
    const gone = await cli.run(['logs', name]);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain(`No such container: ${name}`);
  });

  test('pause, unpause, update, rename, restart, container prune', async () => {
    const { cli, busybox } = await client();
    const [name, next] = [uniqueName(), uniqueName()];
    await using _box = removing(cli, name, next);
    await cli.ok(['run', '-d', '--name', name, '--label', `own=${name}`, '--init', busybox, 'sleep', '1000']);
    const state = (of: string) =>
      cli.ok(['inspect', '-f', '{{.State.Status}} {{.HostConfig.CpuShares}}', of]);
    expect(await cli.ok(['pause', name])).toBe(name);
    expect(await state(name)).toBe('paused 0');
    expect((await cli.run(['exec', name, 'true'])).stderr).toContain(
      'is paused, unpause the container before exec',
    );
    expect(await cli.ok(['update', '--cpu-shares', '300', name])).toBe(name);
    expect(await cli.ok(['unpause', name])).toBe(name);
    expect(await state(name)).toBe('running 300');
    expect(await cli.ok(['rename', name, next])).toBe('');
    expect(await cli.ok(['restart', '-t', '9', next])).toBe(next);
    expect(await state(next)).toBe('running 300');
    expect(await cli.ok(['stop', next])).toBe(next);
    const pruned = await cli.ok(['container', 'prune', '-f', '--filter', `label=own=${name}`]);
    expect(pruned).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: /);
    expect((await cli.run(['start', next])).stderr).toContain(`No such container: ${next}`);
  });

  test('logs -f follows, -t stamps', async () => {
    const { cli, busybox } = await client();
    const name = uniqueName();
    await using _box = removing(cli, name);
    await cli.ok(['run', '-d', '--name', name, busybox, 'sh', '-c', 'echo a; sleep 1; echo b']);
    expect((await cli.run(['logs', '-f', name])).stdout).toBe('a\nb\n');
    const stamp = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
    expect(await cli.ok(['logs', '-t', name])).toMatch(new RegExp(`^${stamp} a\n${stamp} b$`));
  });

  test('tag, history, system df, image prune with its question, search', async () => {
    const { cli, registry } = await client();
    const name = uniqueName('prune');
    const image = buildImage({
      layers: [tar([{ name: 'x', content: name }])],
      config: { Labels: { [name]: '' } },
    });
    await push(registry.address, name, 'v1', image);
    const reference = `${registry.address}/${name}:v1`;
    await cli.ok(['pull', '-q', reference]);
    const other = `example.org/${name}:v2`;
    await cli.ok(['tag', reference, other]);
    expect(await cli.ok(['history', '-q', '--no-trunc', other])).toBe(imageId(image));
    const rows = (await cli.ok(['system', 'df'])).split('\n');
    expect(rows.map((row) => row.split(/ {2,}/)[0])).toEqual([
      ...['TYPE', 'Images', 'Containers', 'Local Volumes', 'Build Cache'],
    ]);
    expect(await cli.ok(['system', 'df', '-v'])).toContain('Images space usage:\n\nREPOSITORY');
    const prune = ['image', 'prune', '-a', '--filter', `label=${name}`];
    const asked = await cli.run(prune, { input: 'n\n' });
    expect(asked.stdout).toStartWith(
      'WARNING! This will remove all images without at least one container associated to them.\nAre you sure you want to continue? [y/N] ',
    );
    expect(await cli.ok(['image', 'ls', '-q', '--no-trunc', other])).toBe(imageId(image));
    const pruned = await cli.run(prune, { input: 'y\n' });
    expect(pruned.stdout).toContain(`deleted: ${imageId(image)}\n`);
    expect(pruned.stdout).toMatch(/Total reclaimed space: \d+B\n$/);
    expect(pruned.code).toBe(0);
    const refused = await cli.run(['search', '--filter', 'color=blue', `${registry.address}/x`]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^Error response from daemon: [Ii]nvalid filter 'color'\n$/);
  });

  test('no daemon is a sentence and an exit code', async () => {
    const lost = new Client(program, 'unix:///nowhere/engine.sock');
    const result = await lost.run(['ps']);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /[Cc]annot connect to the (Docker|Minke) daemon at unix:\/\/\/nowhere\/engine.sock/,
    );
  });
});
