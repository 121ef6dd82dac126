/** What is switched off, and what is not there: it says so as Docker does, and is never a bare 404. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { calm } from '../fixtures/chaos/calm.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { until } from '../fixtures/machine.ts';

const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const EXPERIMENTAL =
  'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it.';
const NO_PLUGIN = 'plugin "x" not found';

const OFF: [string, string[], number, string][] = [
  ['GET', ['/swarm', '/services', '/nodes', '/tasks', '/secrets', '/configs'], 503, NO_MANAGER],
  ['GET', ['/services/x', '/nodes/x', '/tasks/x', '/secrets/x', '/configs/x'], 503, NO_MANAGER],
  ['GET', ['/swarm/unlockkey', '/services/x/logs?stdout=1', '/tasks/x/logs?stderr=1'], 503, NO_MANAGER],
  ['DELETE', ['/services/x', '/nodes/x', '/secrets/x', '/configs/x'], 503, NO_MANAGER],
  ['POST', ['/swarm/unlock', '/swarm/update?version=1', '/services/create'], 503, NO_MANAGER],
  ['POST', ['/secrets/create', '/configs/create', '/nodes/x/update?version=1'], 503, NO_MANAGER],
  ['POST', ['/swarm/leave'], 503, 'This node is not part of a swarm'],
  ['POST', ['/swarm/update'], 400, `invalid swarm version '': strconv.ParseUint: parsing "": invalid syntax`],
  ['GET', ['/containers/x/checkpoints'], 501, EXPERIMENTAL],
  ['POST', ['/containers/x/checkpoints'], 501, EXPERIMENTAL],
  ['DELETE', ['/containers/x/checkpoints/y'], 501, EXPERIMENTAL],
  ['GET', ['/plugins/x/json'], 404, NO_PLUGIN],
  ['POST', ['/plugins/x/enable?timeout=1', '/plugins/x/disable', '/plugins/x/push'], 404, NO_PLUGIN],
  ['DELETE', ['/plugins/x'], 404, NO_PLUGIN],
];

describe('what is off', () => {
  test.each(OFF)('%s %p answers %d', async (method, paths, status, message) => {
    const { daemon } = await engine();
    for (const path of paths) {
      const answer = await daemon.api.send(method, path, method === 'POST' ? { body: {} } : {});
      expect([path, answer.status, answer.json()]).toEqual([path, status, { message }]);
    }
  });

  test('there are no plugins, and their filters are looked at', async () => {
    const { daemon } = await engine();
    expect((await daemon.api.get('/plugins')).text).toBe('[]\n');
    const wrong = await daemon.api.get(`/plugins?filters=${encodeURIComponent('{"x":["y"]}')}`);
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringMatching(/[Ii]nvalid filter 'x'/)]);
  });

  test('the docker CLI says what the engine says', async () => {
    const { docker } = await engine();
    for (const command of [
      ['node', 'ls'],
      ['service', 'ls'],
      ['secret', 'ls'],
      ['config', 'ls'],
      ['stack', 'ls'],
    ]) {
      const { code, stderr } = await docker.run(command);
      expect([command, code, stderr]).toEqual([command, 1, `Error response from daemon: ${NO_MANAGER}\n`]);
    }
    expect(await docker.ok(['plugin', 'ls', '-q'])).toBe('');
  });
});

test('64 clients with a request that is stuck do not stop the 65th', async () => {
  using _calm = await calm('bare sockets');
  const { docker, daemon, busybox } = await engine();
  const stuck: Socket[] = [];
  const open = (text: string) => {
    const socket = connect(daemon.socket);
    socket.on('error', () => {});
    socket.write(text);
    stuck.push(socket);
  };
  for (let n = 0; n < 16; n++) {
    open('GET /containers/json HTTP/1.1\r\nHost: x\r\n');
    open(
      'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    open('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    open('POST /images/load HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab');
  }
  try {
    expect(await docker.ok(['run', '--rm', busybox, 'echo', 'through'])).toBe('through');
  } finally {
    for (const socket of stuck) socket.destroy();
  }
});

test('the debug log says who asked for what', async () => {
  if (ENGINE === 'docker') return;
  using _calm = await calm('its log');
  const daemon = await Daemon.start({ subnet: 91, flags: ['--debug'] });
  try {
    await daemon.api.get('/version?who');
    const line = await until('the line', () =>
      readFileSync(daemon.logFile, 'utf8')
        .split('\n')
        .find((text) => text.includes('/version?who')),
    );
    expect(line).toContain('level=debug msg="request" method=GET');
    expect(line).toContain(` pid=${process.pid} uid=0 gid=0`);
  } finally {
    await daemon.stop();
  }
});
