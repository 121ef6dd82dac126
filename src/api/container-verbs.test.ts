import { expect, test } from 'bun:test';
import { ApiFixture } from './testing/api-fixture.ts';

test('verbs of containers pass their options as the version allows', async () => {
  await using api = await ApiFixture.start();
  const statuses = [];
  for (const [path, headers] of [
    ['/containers/web/start', {}],
    ['/containers/web/stop?t=3&signal=INT', {}],
    ['/v1.41/containers/web/stop?signal=INT', {}],
    ['/containers/web/kill?signal=9', {}],
    ['/containers/web/rename?name=a%2Fb', {}],
    ['/containers/web/resize?h=10&w=20', {}],
  ] as const) {
    statuses.push((await api.request('POST', path, { headers })).status);
  }
  expect(statuses).toEqual([204, 204, 204, 204, 204, 200]);
  expect(api.engine.calls).toEqual([
    'start web',
    'stop web {"timeoutSeconds":3,"signal":"INT"}',
    'stop web {}',
    'kill web "9"',
    'rename web "a/b"',
    'resize web 10 20',
  ]);
  const body = await api.request('POST', '/containers/web/start', { body: '{"Binds":["/:/x"]}' });
  expect(JSON.parse(body.body).message).toContain('starting container with non-empty request body');
  const resize = await api.request('POST', '/containers/web/resize?h=-1&w=x');
  expect(JSON.parse(resize.body).message).toBe('invalid resize height "-1": value out of range');
  const kill = await api.request('POST', '/containers/nope/kill');
  expect([kill.status, JSON.parse(kill.body).message]).toEqual([
    404,
    'cannot kill container: nope: No such container: nope',
  ]);
});
