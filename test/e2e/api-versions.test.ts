import { describe, expect, test } from 'bun:test';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';

const NEWEST = ENGINE === 'docker' ? 41 : 55;
const OLDEST = 24;
const ALL = Array.from({ length: NEWEST - OLDEST + 1 }, (_, index) => `1.${OLDEST + index}`);

async function api() {
  return (await engine()).daemon.api;
}

describe('API versions', () => {
  test('every one from 1.24 on, and none, is answered', async () => {
    const { busybox } = await engine();
    for (const prefix of ['', ...ALL.map((version) => `/v${version}`)]) {
      const paths = [
        '/_ping',
        '/version',
        '/info',
        '/containers/json?all=1',
        '/images/json',
        `/images/${busybox}/json`,
      ];
      for (const path of paths) {
        const answer = await (await api()).get(`${prefix}${path}`);
        expect([`${prefix}${path}`, answer.status]).toEqual([`${prefix}${path}`, 200]);
        expect(answer.headers['api-version']).toBe(`1.${NEWEST}`);
      }
    }
  });

  test('too new and too old get Docker sentences', async () => {
    const { status, text, headers } = await (await api()).get('/v1.99/version');
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(text)).toEqual({
      message: `client version 1.99 is too new. Maximum supported API version is 1.${NEWEST}`,
    });
    if (ENGINE === 'docker') return;
    const old = await (await api()).get('/v1.23/version');
    expect(old.status).toBe(400);
    expect(old.text.trim()).toBe(
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    );
  });

  test('versions are compared number by number', async () => {
    expect((await (await api()).get('/v1.30.5/version')).status).toBe(200);
    expect((await (await api()).get(`/v1.${NEWEST}.1/version`)).status).toBe(400);
    expect((await (await api()).get('/vabc/version')).status).toBe(404);
    expect((await (await api()).get('/v2.0/version')).status).toBe(400);
  });

  test('an unknown path and a wrong method are not found', async () => {
    for (const [method, path] of [
      ['GET', '/no/such/path'],
      ['DELETE', '/version'],
      ['GET', '/v1.40/containers/create'],
    ] as const) {
      const answer = await (await api()).send(method, path);
      expect(answer.status).toBe(404);
      expect(answer.json()).toEqual({ message: 'page not found' });
    }
  });

  test('_ping by GET and HEAD says what Docker says', async () => {
    const get = await (await api()).get('/_ping');
    expect(get.text).toBe('OK');
    expect(get.headers).toMatchObject({
      'cache-control': 'no-cache, no-store, must-revalidate',
      pragma: 'no-cache',
      ostype: 'linux',
      'docker-experimental': 'false',
    });
    expect(get.headers['server']).toMatch(/^Docker\/\S+ \(linux\)$/);
    const head = await (await api()).send('HEAD', '/_ping');
    expect(head.status).toBe(200);
    expect(head.headers['content-length']).toBe('0');
  });

  test('a container can be created, started, waited for and removed at each of them', async () => {
    const { busybox } = await engine();
    for (const version of ALL.filter((_version, index) => index % 4 === 0 || index === ALL.length - 1)) {
      const at = await api();
      const name = uniqueName();
      const created = await at.post(`/v${version}/containers/create?name=${name}`, {
        Image: busybox,
        Cmd: ['sh', '-c', 'echo hello; exit 11'],
        Tty: true,
      });
      expect([version, created.status]).toEqual([version, 201]);
      const { Id: id } = created.json<{ Id: string }>();
      expect((await at.post(`/v${version}/containers/${id}/start`)).status).toBe(204);
      const waited = await at.post(`/v${version}/containers/${id}/wait`);
      expect(waited.json()).toMatchObject({ StatusCode: 11 });
      const logs = await at.get(`/v${version}/containers/${id}/logs?stdout=1`);
      expect(logs.text).toBe('hello\r\n');
      const inspected = await at.get(`/v${version}/containers/${name}/json`);
      expect(inspected.json()).toMatchObject({ Id: id, State: { ExitCode: 11, Status: 'exited' } });
      expect((await at.delete(`/v${version}/containers/${id}`)).status).toBe(204);
      expect((await at.get(`/v${version}/containers/${id}/json`)).json()).toEqual({
        message: `No such container: ${id}`,
      });
    }
  }, 120_000);

  test.skipIf(ENGINE === 'docker')('AutoRemove is the client’s work before 1.25', async () => {
    const { busybox, docker } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    const body = { Image: busybox, Cmd: ['true'], HostConfig: { AutoRemove: true } };
    const at = await api();
    expect((await at.post(`/v1.24/containers/create?name=${name}`, body)).status).toBe(201);
    expect((await at.get(`/containers/${name}/json`)).json()).toMatchObject({
      HostConfig: { AutoRemove: false },
    });
  });

  test.skipIf(ENGINE === 'docker')('images have VirtualSize before 1.44 only', async () => {
    const at = await api();
    const { busybox } = await engine();
    expect((await at.get(`/v1.43/images/${busybox}/json`)).json()).toHaveProperty('VirtualSize');
    expect((await at.get(`/v1.44/images/${busybox}/json`)).json()).not.toHaveProperty('VirtualSize');
    expect((await at.get('/v1.50/images/json')).json<object[]>()[0]).toMatchObject({ Containers: -1 });
  });

  test.skipIf(ENGINE === 'docker')('the stream of logs has its type from 1.42 on', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['run', '--name', name, busybox, 'echo', 'x']);
    const at = await api();
    const type = async (version: string) =>
      (await at.get(`/v${version}/containers/${name}/logs?stdout=1`)).headers['content-type'];
    expect(await type('1.41')).toBe('application/vnd.docker.raw-stream');
    expect(await type('1.42')).toBe('application/vnd.docker.multiplexed-stream');
  });

  test('wait with condition sends its head at once', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok(['create', '--name', name, busybox, 'sh', '-c', 'exit 5']);
    const waiting = (await api()).post(`/v1.41/containers/${name}/wait?condition=next-exit`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await docker.ok(['start', name]);
    expect((await waiting).json()).toMatchObject({ StatusCode: 5 });
  });

  test('an attach by Upgrade is framed, with 101 UPGRADED', async () => {
    const { docker, busybox } = await engine();
    const name = uniqueName();
    await using _box = removing(docker, name);
    await docker.ok([
      'create',
      '-i',
      '--name',
      name,
      busybox,
      'sh',
      '-c',
      'read x; echo "o $x"; echo "e $x" >&2',
    ]);
    const at = await api();
    const { socket, head, status } = await at.upgrade(
      `/v1.41/containers/${name}/attach?stream=1&stdin=1&stdout=1&stderr=1`,
    );
    expect(status).toBe(101);
    const parts: Buffer[] = [head];
    socket.on('data', (bytes: Buffer) => parts.push(bytes));
    await docker.ok(['start', name]);
    socket.write('in\n');
    await new Promise((resolve) => socket.once('close', resolve).once('end', resolve));
    const bytes = Buffer.concat(parts);
    const frame = (stream: number, text: string): Buffer =>
      Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
    expect(bytes.includes(frame(1, 'o in\n'))).toBe(true);
    expect(bytes.includes(frame(2, 'e in\n'))).toBe(true);
    expect(bytes.length).toBe(2 * (8 + 5));
    socket.destroy();
  });
});
