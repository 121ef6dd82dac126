import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { engine } from '../fixtures/engine.ts';
import { workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

/** Output of `docker run --rm FLAGS busybox COMMAND`. */
async function output(flags: string[], ...command: string[]): Promise<string> {
  const { docker, busybox } = await engine();
  return docker.ok(['run', '--rm', ...flags, busybox, ...command]);
}

describe('docker run', () => {
  test('passes output, errors and exit code on', async () => {
    const { docker, busybox } = await engine();
    const result = await docker.run(['run', '--rm', busybox, 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(result).toMatchObject({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('runs the command of the image when none is given', async () => {
    expect(await output(['-i'])).toBe('');
  });

  test('-d prints the full id and goes on', async () => {
    const { docker, busybox } = await engine();
    const id = await docker.ok(['run', '-d', busybox, 'sleep', '100']);
    await using _box = removing(docker, id);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await docker.ok(['inspect', '-f', '{{.State.Running}} {{.State.Status}}', id])).toBe(
      'true running',
    );
  });

  test('--rm leaves nothing', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await docker.ok(['run', '--rm', '--name', name, busybox, 'true']);
    expect(await docker.ok(['ps', '-aq', '--filter', `name=${name}`])).toBe('');
  });

  test('--name gives the name, and a second one of it is a conflict', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const id = await docker.ok(['run', '-d', '--name', name, busybox, 'true']);
    const again = await docker.run(['run', '-d', '--name', name, busybox, 'true']);
    expect(again.code).toBe(125);
    expect(again.stderr).toContain(
      `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  });

  test('-e adds to and overrides the environment of the image', async () => {
    const text = await output(['-e', 'A=1', '-e', 'FROM_IMAGE=no', '-e', 'EMPTY='], 'env');
    expect(text.split('\n')).toEqual(
      expect.arrayContaining(['A=1', 'FROM_IMAGE=no', 'EMPTY=', 'PATH=/bin:/usr/bin', 'HOME=/root']),
    );
    expect(text).toMatch(/^HOSTNAME=[0-9a-f]{12}$/m);
  });

  test('-e NAME without a value takes it from the client', async () => {
    const { docker, busybox } = await engine();
    const text = await docker.ok(['run', '--rm', '-e', 'TAKEN', busybox, 'sh', '-c', 'echo $TAKEN'], {
      env: { TAKEN: 'over' },
    });
    expect(text).toBe('over');
  });

  test('-w sets the working directory and makes it', async () => {
    expect(await output(['-w', '/new/folder'], 'pwd')).toBe('/new/folder');
  });

  test.each([
    ['app', 'uid=1000(app) gid=1000(app) groups=50(staff),1000(app)'],
    ['1000', 'uid=1000(app) gid=1000(app) groups=50(staff),1000(app)'],
    ['1000:50', 'uid=1000(app) gid=50(staff)'],
    ['4321', 'uid=4321 gid=0(root)'],
    ['app:staff', 'uid=1000(app) gid=50(staff)'],
  ])('-u %s', async (user, expected) => {
    const sorted = (text: string): string =>
      text.replace(/groups=(\S+)/, (_all, groups: string) => {
        return `groups=${[...new Set(groups.split(','))].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).join(',')}`;
      });
    expect(sorted(await output(['-u', user], 'id'))).toStartWith(expected);
  });

  test('-u gives HOME of the user', async () => {
    expect(await output(['-u', 'app'], 'sh', '-c', 'echo $HOME')).toBe('/home/app');
  });

  test('-v mounts a folder of the host, :ro read-only', async () => {
    const folder = workFolder('volume');
    writeFileSync(join(folder, 'in'), 'from the host\n');
    const text = await output(
      ['-v', `${folder}:/v`, '-v', `${folder}:/ro:ro`],
      'sh',
      '-c',
      'cat /v/in; echo back > /v/out; echo x > /ro/no',
    ).catch((error: Error) => error.message);
    expect(text).toContain('from the host');
    expect(text).toContain("can't create /ro/no: Read-only file system");
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('back\n');
  });

  test('-v makes a folder of the host that is not there', async () => {
    const folder = join(workFolder('volume'), 'made', 'by', 'docker');
    expect(await output(['-v', `${folder}:/v`], 'sh', '-c', 'echo yes > /v/it; ls /v')).toBe('it');
    expect(readFileSync(join(folder, 'it'), 'utf8')).toBe('yes\n');
  });

  test('-v mounts one file', async () => {
    const file = join(workFolder('volume'), 'file');
    writeFileSync(file, 'just this\n');
    expect(await output(['-v', `${file}:/etc/one`], 'cat', '/etc/one')).toBe('just this');
  });

  test('--entrypoint replaces that of the image', async () => {
    expect(await output(['--entrypoint', 'echo'], 'a', 'b')).toBe('a b');
  });

  test('--hostname', async () => {
    expect(await output(['--hostname', 'whale.example'], 'sh', '-c', 'hostname; cat /etc/hostname')).toBe(
      'whale.example\nwhale.example',
    );
  });

  test('the hostname is the short id, and /etc/hosts knows it', async () => {
    const text = await output([], 'sh', '-c', 'hostname; cat /etc/hosts');
    const [hostname] = text.split('\n');
    expect(hostname).toMatch(/^[0-9a-f]{12}$/);
    expect(text).toMatch(new RegExp(`^172\\.30\\.90\\.\\d+\\s+${hostname}$`, 'm'));
    expect(text).toMatch(/^127\.0\.0\.1\s+localhost$/m);
  });

  test('-m limits memory and --cpus limits processor time', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '-d', '--name', name, '-m', '64m', '--cpus', '0.5', busybox, 'sleep', '100']);
    expect(await docker.ok(['inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}', name])).toBe(
      '67108864 500000000',
    );
    const pid = await docker.ok(['inspect', '-f', '{{.State.Pid}}', name]);
    const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const path = (controller: string): string =>
      new RegExp(`^\\d+:([^:]*,)?${controller}(,[^:]*)?:(.*)$`, 'm').exec(groups)?.[3] ?? '?';
    const v1 = groups.includes(':memory:');
    const read = (controller: string, file: string): string =>
      readFileSync(
        v1
          ? `/sys/fs/cgroup/${controller}${path(controller)}/${file}`
          : `/sys/fs/cgroup${/^0::(.*)$/m.exec(groups)?.[1]}/${file}`,
        'utf8',
      ).trim();
    expect(read('memory', v1 ? 'memory.limit_in_bytes' : 'memory.max')).toBe('67108864');
    expect(v1 ? read('cpu', 'cpu.cfs_quota_us') : read('cpu', 'cpu.max').split(' ')[0]).toBe('50000');
  });

  test('a process that takes more memory than -m allows is killed, and State says so', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const result = await docker.run([
      'run',
      '--name',
      name,
      '-m',
      '16m',
      '--memory-swap',
      '16m',
      busybox,
      'sh',
      '-c',
      'x=a; while :; do x=$x$x; done',
    ]);
    expect(result.code).toBe(137);
    expect(await docker.ok(['inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', name])).toBe(
      'true 137',
    );
  });

  test('--label, and labels of the image', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['create', '--name', name, '--label', 'a=b', '--label', 'flag', busybox]);
    expect(JSON.parse(await docker.ok(['inspect', '-f', '{{json .Config.Labels}}', name]))).toEqual({
      a: 'b',
      flag: '',
      'org.example.image': 'busybox',
    });
  });

  test('runs with the default capabilities, seccomp on and a masked /proc', async () => {
    const text = await output(
      [],
      'sh',
      '-c',
      'grep -E "^(CapEff|Seccomp|NoNewPrivs):" /proc/self/status; cat /proc/kcore | wc -c; mount | grep -c "on /sys .*ro"',
    );
    expect(text).toContain('CapEff:\t00000000a80425fb');
    expect(text).toContain('Seccomp:\t2');
    expect(text).toMatch(/^0$/m);
  });

  test('several layers make one file system', async () => {
    expect(await output([], 'cat', '/etc/second-layer', '/www/index.html')).toBe('two\nhello from the image');
  });

  test('what a container writes is its own', async () => {
    await output([], 'sh', '-c', 'echo x > /etc/second-layer; rm -r /www');
    expect(await output([], 'cat', '/etc/second-layer', '/www/index.html')).toBe('two\nhello from the image');
  });

  test('an image that is not there is pulled', async () => {
    using _calm = await calm('the try that was cut has told of the pull');
    const { docker, registry } = await engine();
    const { push } = await import('../fixtures/image.ts');
    const { busyboxImage } = await import('../fixtures/busybox.ts');
    await push(registry.address, 'fresh', 'v1', busyboxImage({ format: 'docker' }));
    const result = await docker.run(['run', '--rm', `${registry.address}/fresh:v1`, 'echo', 'ran']);
    expect(result).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect(result.stderr).toContain(`Unable to find image '${registry.address}/fresh:v1' locally`);
    expect(result.stderr).toContain('v1: Pulling from fresh');
  });

  test('ten at once all do their work', async () => {
    const { docker, busybox } = await engine();
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, index) => docker.run(['run', '--rm', busybox, 'echo', `${index}`])),
    );
    expect(all.map((result) => `${result.code} ${result.stdout}${result.stderr}`)).toEqual(
      all.map((_, index) => `0 ${index}\n`),
    );
  });

  test('a volume folder stays when the container goes', () => {
    const folder = workFolder('kept');
    mkdirSync(join(folder, 'x'));
    return output(['-v', `${folder}:/v`], 'rmdir', '/v/x');
  });
});
