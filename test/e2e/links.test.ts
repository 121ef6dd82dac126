import { describe, expect, test } from 'bun:test';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

describe('--link on the default bridge', () => {
  test('gives names, ports and environment of the other, and follows its address', async () => {
    const { docker, busybox } = await engine();
    const [child, parent, other] = [uniqueName(), uniqueName(), uniqueName()];
    await using _child = removing(docker, child);
    await using _parent = removing(docker, parent);
    await using _other = removing(docker, other);
    await docker.ok([
      'run',
      '-d',
      '--name',
      child,
      '--hostname',
      'box',
      '-e',
      'SECRET=x',
      '--expose',
      '80',
      '--expose',
      '53/udp',
      busybox,
      'httpd',
      '-f',
      '-p',
      '80',
      '-h',
      '/www',
    ]);
    await docker.ok([
      'run',
      '-d',
      '--name',
      parent,
      '--link',
      `${child}:my-db`,
      '--link',
      child,
      busybox,
      'sleep',
      '100',
    ]);
    const inParent = (script: string) => docker.ok(['exec', parent, 'sh', '-c', script]);
    const ip = await docker.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', child]);
    expect(await inParent('grep my-db /etc/hosts')).toBe(`${ip}\tmy-db box ${child}`);
    expect(await inParent('timeout 5 wget -qO- http://my-db/')).toBe('hello from the image');
    const env = await docker.ok([
      'exec',
      parent,
      'sh',
      '-c',
      'tr "\\0" "\\n" < /proc/1/environ | grep ^MY_DB_ | sort',
    ]);
    expect(env.split('\n')).toEqual(
      expect.arrayContaining([
        ...['MY_DB_ENV_SECRET=x', `MY_DB_NAME=/${parent}/my-db`, `MY_DB_PORT=udp://${ip}:53`],
        ...[`MY_DB_PORT_80_TCP=tcp://${ip}:80`, `MY_DB_PORT_80_TCP_ADDR=${ip}`, 'MY_DB_PORT_80_TCP_PORT=80'],
        ...['MY_DB_PORT_80_TCP_PROTO=tcp', `MY_DB_PORT_53_UDP=udp://${ip}:53`],
      ]),
    );
    expect(env).not.toContain('_ENV_PATH=');
    const links = JSON.parse(
      await docker.ok(['inspect', '-f', '{{json .HostConfig.Links}}', parent]),
    ) as string[];
    expect(links.sort()).toEqual([`/${child}:/${parent}/${child}`, `/${child}:/${parent}/my-db`].sort());
    const names = await docker.ok([
      'ps',
      '--no-trunc',
      '--format',
      '{{.Names}}',
      '--filter',
      `name=${child}`,
    ]);
    expect(names.split(',').sort()).toEqual([child, `${parent}/${child}`, `${parent}/my-db`].sort());
    // Another one takes the address meanwhile.
    await docker.ok(['stop', '-t', '0', child]);
    await docker.ok(['run', '-d', '--name', other, busybox, 'sleep', '100']);
    await docker.ok(['start', child]);
    const moved = await docker.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', child]);
    expect((await inParent('grep my-db /etc/hosts')).split('\t')[0]).toBe(moved);
  });

  test('is refused where the other does not run, or is nobody', async () => {
    const { docker, busybox } = await engine();
    const [child, parent] = [uniqueName(), uniqueName()];
    await using _child = removing(docker, child);
    await using _parent = removing(docker, parent);
    await docker.ok(['create', '--name', child, busybox, 'true']);
    const late = await docker.run(['run', '--name', parent, '--link', `${child}:x`, busybox, 'true']);
    expect(late.stderr).toContain(`Cannot link to a non running container: /${child} AS /${parent}/x`);
    const nobody = await docker.run(['run', '--rm', '--link', 'nobody-here:x', busybox, 'true']);
    expect(nobody.stderr).toMatch(/could not get container for nobody-here: No such container: nobody-here/i);
  });
});
