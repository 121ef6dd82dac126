import { describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';

async function api() {
  return (await engine()).daemon.api;
}
/** 400. Compat: 20.10 answers 500 to some of these, and does not see what follows a JSON value. */
function expectBadRequest(status: number): void {
  if (ENGINE === 'docker') expect(status).toBeGreaterThanOrEqual(400);
  else expect(status).toBe(400);
}
const create = async (body: unknown, query = '', headers?: Record<string, string>) =>
  (await api()).post(`/containers/create${query}`, body, headers ? { headers } : {});

describe('requests that are wrong', () => {
  test('malformed JSON is 400', async () => {
    const deep = '['.repeat(5_000_000);
    const exponent = '{"Image":"x","HostConfig":{"Memory":1e10}}';
    for (const body of ['{', '{"Image": }', '[1', 'nope', '{"Image":"x"} trailing', deep, exponent]) {
      const answer = await create(body, '', { 'Content-Type': 'application/json' });
      expectBadRequest(answer.status);
      expect(answer.json()).toHaveProperty('message');
    }
  });

  test('a wrong type of a field is 400', async () => {
    for (const body of [{ Image: 1 }, { Image: 'x', Env: 'A=b' }, { Image: 'x', HostConfig: [] }]) {
      expectBadRequest((await create(body)).status);
    }
  });

  test('no body is 400', async () => {
    const answer = await create('', '', { 'Content-Type': 'application/json' });
    expectBadRequest(answer.status);
  });

  test('a wrong Content-Type is 400', async () => {
    const answer = await create('{"Image":"x"}', '', { 'Content-Type': 'text/plain' });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("must be 'application/json'");
  });

  test('a body of 100 MB is refused or read, and takes no memory for good', async () => {
    const { daemon } = await engine();
    const body = `{"Image":"nothing","Cmd":["${'x'.repeat(100 << 20)}"]}`;
    const answer = await create(body, '', { 'Content-Type': 'application/json' }).catch((error: Error) => ({
      status: 400,
      text: error.message,
    }));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect((await daemon.api.get('/_ping')).text).toBe('OK');
  }, 60_000);

  test('an unknown image is 404', async () => {
    const answer = await create({ Image: 'no/such/image:v1' });
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ message: 'No such image: no/such/image:v1' });
  });

  test('a name that is none is 400', async () => {
    const { busybox } = await engine();
    for (const name of ['a', '-x', 'a/b', 'a%20b', '.hidden']) {
      const answer = await create({ Image: busybox }, `?name=${name}`);
      expect([name, answer.status]).toEqual([name, 400]);
      expect(answer.text).toContain('Invalid container name');
      expect(answer.text).toContain('only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed');
    }
  });

  test('a name taken is 409', async () => {
    const { busybox } = await engine();
    const name = uniqueName();
    const first = await create({ Image: busybox }, `?name=${name}`);
    const second = await create({ Image: busybox }, `?name=${name}`);
    expect(second.status).toBe(409);
    await (await api()).delete(`/containers/${first.json<{ Id: string }>().Id}`);
  });

  test('unknown containers are 404 for every verb', async () => {
    const at = await api();
    for (const verb of ['start', 'stop', 'kill', 'wait', 'resize?h=1&w=1', 'attach?stream=1']) {
      const answer = await at.post(`/containers/nobody/${verb}`);
      expect([verb, answer.status]).toEqual([verb, 404]);
      expect(answer.text).toContain('No such container: nobody');
    }
    for (const path of ['json', 'logs?stdout=1']) {
      expect((await at.get(`/containers/nobody/${path}`)).status).toBe(404);
    }
    expect((await at.delete('/containers/nobody')).status).toBe(404);
  });

  test.each([
    ['relative mount target', { HostConfig: { Binds: ['/tmp:relative'] } }],
    ['bind without a source', { HostConfig: { Mounts: [{ Type: 'bind', Target: '/x' }] } }],
    ['mount of an unknown type', { HostConfig: { Mounts: [{ Type: 'magic', Target: '/x' }] } }],
    ['mount on the root', { HostConfig: { Binds: ['/tmp:/'] } }],
    ['memory below the minimum', { HostConfig: { Memory: 1024 } }],
    ['swap below memory', { HostConfig: { Memory: 64 << 20, MemorySwap: 32 << 20 } }],
    ['cpus beyond the machine', { HostConfig: { NanoCpus: 1_000_000_000_000 } }],
    ['an unknown restart policy', { HostConfig: { RestartPolicy: { Name: 'sometimes' } } }],
    [
      'a retry count without on-failure',
      { HostConfig: { RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } } },
    ],
    ['auto remove with restart', { HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } }],
    ['a port beyond 65535', { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '70000' }] } } }],
    ['an unknown log driver', { HostConfig: { LogConfig: { Type: 'carrier-pigeon' } } }],
    [
      'an unknown option of the log driver',
      { HostConfig: { LogConfig: { Type: 'json-file', Config: { color: 'x' } } } },
    ],
    ['an unknown runtime', { HostConfig: { Runtime: 'warp' } }],
    ['an unknown stop signal', { StopSignal: 'SIGNOPE' }],
    ['a NUL in the name of the program', { Cmd: ['tru\0e'] }],
    ['a NUL in the working directory', { WorkingDir: '/a\0b' }],
    ['memory beyond 64 bits', { HostConfig: { Memory: 2 ** 63 } }],
    ['a relative working directory', { WorkingDir: 'here' }],
    ['two mounts on one place', { HostConfig: { Binds: ['/tmp:/x', '/var:/x'] } }],
  ])('%s is refused', async (_what, body) => {
    const { busybox } = await engine();
    const answer = await create({ Image: busybox, Cmd: ['true'], ...body });
    if (answer.status === 201) {
      // Compat: a few of these Docker finds out at start only.
      const at = await api();
      const { Id: id } = answer.json<{ Id: string }>();
      const started = await at.post(`/containers/${id}/start`);
      await at.delete(`/containers/${id}?force=1`);
      expect(started.status).toBeGreaterThanOrEqual(400);
      return;
    }
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(501);
    expect(answer.json<{ message: string }>().message.length).toBeGreaterThan(5);
  });

  // Compat: 20.10 answers 204 to the start of it.
  test.skipIf(ENGINE === 'docker')('a NUL in an argument is refused', async () => {
    const { busybox } = await engine();
    const answer = await create({ Image: busybox, Cmd: ['echo', 'a\0b'] });
    expect([answer.status, answer.json()]).toEqual([400, { message: 'invalid Cmd: it contains a NUL' }]);
  });

  test('a NUL in what an exec is told is refused, and nothing is run', async () => {
    const { busybox } = await engine();
    const at = await api();
    const { Id: id } = (await create({ Image: busybox, Cmd: ['sleep', '100'] })).json<{ Id: string }>();
    await at.post(`/containers/${id}/start`);
    const WRONG: [string, Record<string, unknown>, boolean?][] = [
      ['Cmd', { Cmd: ['tou\0ch', '/x'] }],
      // Compat: 20.10 runs it.
      ['Cmd', { Cmd: ['touch', '/x\0y'] }, true],
      ['User', { User: 'ro\0ot' }],
      ['WorkingDir', { WorkingDir: '/tmp\0x' }],
      ['environment variable', { Env: ['A=\0'] }],
      ['environment variable', { Env: ['A\0B=1'] }],
    ];
    for (const [field, body, runs] of WRONG) {
      const answer = await at.post(`/containers/${id}/exec`, { Cmd: ['touch', '/x'], ...body });
      if (ENGINE !== 'docker') {
        const message = `invalid ${field}: it contains a NUL`;
        expect([answer.status, answer.json()]).toEqual([400, { message }]);
      } else if (!runs) {
        // Compat: Docker finds out at the start.
        const { Id: exec } = answer.json<{ Id: string }>();
        const started = await at.post(`/exec/${exec}/start`, { Detach: true });
        expect(started.status).toBeGreaterThanOrEqual(400);
      }
    }
    expect((await at.get(`/containers/${id}/archive?path=/x`)).status).toBe(404);
    await at.delete(`/containers/${id}?force=1`);
  });

  test('a NUL in what is only kept (labels, a driver’s options, a comment) is kept', async () => {
    const { busybox } = await engine();
    const at = await api();
    const odd = { 'a\0b': 'c\0d' };
    const name = uniqueName();
    const made = await create({
      Image: busybox,
      Cmd: ['true'],
      Labels: odd,
      NetworkingConfig: { EndpointsConfig: { bridge: { DriverOpts: odd } } },
    });
    const { Id: id } = made.json<{ Id: string }>();
    expect((await at.post(`/containers/${id}/start`)).status).toBe(204);
    const { Config, NetworkSettings } = (await at.get(`/containers/${id}/json`)).json<{
      Config: { Labels: unknown };
      NetworkSettings: { Networks: Record<string, { DriverOpts: unknown }> };
    }>();
    expect(Config.Labels).toMatchObject(odd);
    expect(NetworkSettings.Networks['bridge']?.DriverOpts).toEqual(odd);
    const filters = encodeURIComponent(JSON.stringify({ label: ['a\0b=c\0d'] }));
    const found = await at.get(`/containers/json?all=1&filters=${filters}`);
    expect(found.json<{ Id: string }[]>().map((one) => one.Id)).toEqual([id]);
    const volume = await at.post('/volumes/create', { Name: name, Labels: odd });
    expect(volume.json()).toMatchObject({ Labels: odd });
    expect((await at.get(`/volumes/${name}`)).json()).toMatchObject({ Labels: odd });
    await at.delete(`/volumes/${name}`);
    await at.post(`/commit?container=${id}&repo=${name}&comment=a%00b`);
    expect((await at.get(`/images/${name}/json`)).json()).toMatchObject({ Comment: 'a\0b' });
    await at.delete(`/images/${name}`);
    await at.delete(`/containers/${id}?force=1`);
  });

  test('numbers in a query that are none are 400', async () => {
    const at = await api();
    expectBadRequest((await at.get('/containers/json?limit=many')).status);
    expectBadRequest((await at.get('/containers/json?filters=%7B')).status);
    expectBadRequest((await at.get('/containers/json?filters=%7B%22color%22%3A%5B%22blue%22%5D%7D')).status);
  });

  test('bytes that are no HTTP end the connection and nothing else', async () => {
    const { daemon } = await engine();
    for (const bytes of [
      '\x00\x01\x02\x03\r\n\r\n',
      'GET\r\n\r\n',
      `GET /${'x'.repeat(1 << 20)} HTTP/1.1\r\n\r\n`,
      'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
    ]) {
      const socket = connect(daemon.socket);
      let ended = false;
      socket
        .on('error', () => {})
        .on('close', () => {
          ended = true;
        })
        .on('data', () => {});
      socket.write(bytes);
      socket.end();
      await until('the connection to end', () => ended, 10_000);
    }
    expect((await daemon.api.get('/_ping')).text).toBe('OK');
  });

  test('a path with an escape that is none is no HTTP; one of bytes that are no text is a name', async () => {
    const at = await api();
    const refused = await at.get('/containers/%zz/json');
    expect([refused.status, refused.text]).toEqual([400, '400 Bad Request']);
    const unknown = await at.get('/containers/%ff/json');
    expect([unknown.status, unknown.json()]).toEqual([404, { message: 'No such container: \ufffd' }]);
  });

  test('a hundred aborted requests leave the daemon as it was', async () => {
    const { daemon } = await engine();
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connect(daemon.socket);
        socket.on('error', () => {});
        socket.write(
          'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"Im',
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
        socket.destroy();
      }),
    );
    expect((await daemon.api.get('/containers/json')).status).toBe(200);
  });

  test.skipIf(ENGINE === 'docker')('what is not built yet says so', async () => {
    const answer = await (await api()).post('/swarm/init', {});
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json()).toHaveProperty('message');
  });
});
