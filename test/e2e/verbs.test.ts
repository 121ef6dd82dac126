import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

describe('docker image verbs', () => {
  test('tag gives a second name, history has the layers, rmi of a name leaves the other', async () => {
    const { docker, busybox } = await engine();
    const name = `localhost/${uniqueName()}:v1`;
    await docker.ok(['tag', busybox, name]);
    const id = (ref: string) => docker.ok(['image', 'inspect', '-f', '{{.Id}}', ref]);
    expect(await id(name)).toBe(await id(busybox));
    expect(await docker.ok(['history', '-q', '--no-trunc', name])).toStartWith(await id(busybox));
    expect(await docker.ok(['rmi', name])).toContain(`Untagged: ${name}`);
    expect(await id(busybox)).toStartWith('sha256:');
  });
});

describe('docker container verbs', () => {
  test('restart gives another process, rename another name', async () => {
    const { docker, busybox } = await engine();
    const [name, other] = [uniqueName(), uniqueName()];
    const id = await docker.ok(['run', '-d', '--name', name, busybox, 'sleep', '100']);
    await using _box = removing(docker, id);
    const pid = () => docker.ok(['inspect', '-f', '{{.State.Pid}}', id]);
    const before = await pid();
    await docker.ok(['restart', '-t', '0', name]);
    expect(await pid()).not.toBe(before);
    await docker.ok(['rename', name, other]);
    expect(await docker.ok(['inspect', '-f', '{{.Name}}', id])).toBe(`/${other}`);
    expect((await docker.run(['inspect', name])).code).toBe(1);
  });

  test('container prune removes what does not run and matches', async () => {
    const { docker, busybox } = await engine();
    const label = uniqueName();
    const flags = ['run', '-d', '--label', label];
    const running = await docker.ok([...flags, busybox, 'sleep', '100']);
    await using _box = removing(docker, running);
    const ended = await docker.ok([...flags, busybox, 'true']);
    await docker.ok(['wait', ended]);
    expect(await docker.ok(['container', 'prune', '-f', '--filter', `label=${label}`])).toContain(ended);
    expect(await docker.ok(['ps', '-aq', '--no-trunc', '--filter', `label=${label}`])).toBe(running);
  });

  test('--volumes-from shares, --pids-limit bounds', async () => {
    const { docker, busybox } = await engine();
    const id = await docker.ok([
      'run',
      '-d',
      '-v',
      '/shared',
      busybox,
      'sh',
      '-c',
      'echo x >/shared/f; sleep 100',
    ]);
    await using _box = removing(docker, id);
    const flags = ['run', '--rm', '--volumes-from', id, '--pids-limit', '5', busybox];
    const script =
      'until test -s /shared/f; do :; done; cat /shared/f; for i in 1 2 3 4 5 6; do sleep 1 & done; wait';
    const result = await docker.run([...flags, 'sh', '-c', script]);
    expect(result.stdout).toBe('x\n');
    expect(result.stderr).toContain("can't fork");
  });
});

describe('docker volume verbs', () => {
  test('create, ls, inspect, rm; one that is used is not removed', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    expect(await docker.ok(['volume', 'create', '--label', 'a=b', name])).toBe(name);
    expect(await docker.ok(['volume', 'ls', '-q', '--filter', `name=${name}`])).toBe(name);
    expect(await docker.ok(['volume', 'inspect', '-f', '{{.Driver}} {{.Labels.a}}', name])).toBe('local b');
    const id = await docker.ok(['create', '-v', `${name}:/v`, busybox]);
    const refused = await docker.run(['volume', 'rm', name]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain(`remove ${name}: volume is in use - [${id}]`);
    await docker.ok(['rm', id]);
    expect(await docker.ok(['volume', 'rm', name])).toBe(name);
  });
});

describe('docker network verbs', () => {
  test('ls has the three networks, inspect the containers of one', async () => {
    const { docker, busybox } = await engine();
    const names = (await docker.ok(['network', 'ls', '--format', '{{.Name}}/{{.Driver}}'])).split('\n');
    expect(names).toEqual(expect.arrayContaining(['bridge/bridge', 'host/host', 'none/null']));
    const id = await docker.ok(['run', '-d', busybox, 'sleep', '100']);
    await using _box = removing(docker, id);
    const shown = await docker.ok(['network', 'inspect', '-f', '{{json .Containers}}', 'bridge']);
    expect(Object.keys(JSON.parse(shown) as object)).toContain(id);
  });
});
