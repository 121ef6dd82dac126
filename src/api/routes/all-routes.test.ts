import { expect, test } from 'bun:test';
import { Router } from '../http/router.ts';
import { ApiFixture } from '../testing/api-fixture.ts';
import { fakeBackends } from '../testing/fake-backends.ts';
import { allRoutes } from './all-routes.ts';

/** Every route that the description of API 1.55 documents, and those that clients use without. */
const DOCUMENTED = `
GET /containers/json
POST /containers/create
GET /containers/{id}/json
GET /containers/{id}/top
GET /containers/{id}/logs
GET /containers/{id}/changes
GET /containers/{id}/export
GET /containers/{id}/stats
POST /containers/{id}/resize
POST /containers/{id}/start
POST /containers/{id}/stop
POST /containers/{id}/restart
POST /containers/{id}/kill
POST /containers/{id}/update
POST /containers/{id}/rename
POST /containers/{id}/pause
POST /containers/{id}/unpause
POST /containers/{id}/attach
GET /containers/{id}/attach/ws
POST /containers/{id}/wait
DELETE /containers/{id}
HEAD GET PUT /containers/{id}/archive
POST /containers/prune
GET /images/json
POST /build
POST /build/prune
POST /images/create
GET /images/{name}/json
GET /images/{name}/attestations
GET /images/{name}/history
POST /images/{name}/push
POST /images/{name}/tag
DELETE /images/{name}
GET /images/search
POST /images/prune
POST /auth
GET /info
GET /version
GET HEAD /_ping
POST /commit
GET /events
GET /system/df
GET /images/{name}/get
GET /images/get
POST /images/load
POST /containers/{id}/exec
POST /exec/{id}/start
POST /exec/{id}/resize
GET /exec/{id}/json
GET /volumes
POST /volumes/create
GET PUT DELETE /volumes/{name}
POST /volumes/prune
GET /networks
GET DELETE /networks/{id}
POST /networks/create
POST /networks/{id}/connect
POST /networks/{id}/disconnect
POST /networks/prune
GET /plugins
GET /plugins/privileges
POST /plugins/pull
GET /plugins/{name}/json
DELETE /plugins/{name}
POST /plugins/{name}/enable
POST /plugins/{name}/disable
POST /plugins/{name}/upgrade
POST /plugins/create
POST /plugins/{name}/push
POST /plugins/{name}/set
GET /nodes
GET DELETE /nodes/{id}
POST /nodes/{id}/update
GET /swarm
POST /swarm/init
POST /swarm/join
POST /swarm/leave
POST /swarm/update
GET /swarm/unlockkey
POST /swarm/unlock
GET /services
POST /services/create
GET DELETE /services/{id}
POST /services/{id}/update
GET /services/{id}/logs
GET /tasks
GET /tasks/{id}
GET /tasks/{id}/logs
GET /secrets
POST /secrets/create
GET DELETE /secrets/{id}
POST /secrets/{id}/update
GET /configs
POST /configs/create
GET DELETE /configs/{id}
POST /configs/{id}/update
GET /distribution/{name}/json
POST /session
POST /grpc
POST /build/cancel
GET POST /containers/{id}/checkpoints
DELETE /containers/{id}/checkpoints/{checkpoint}
`;

/** Each of them with names in it, also ones with slashes where an image's or a plugin's name is meant. */
function examples(): { method: string; path: string; example: string }[] {
  return DOCUMENTED.trim()
    .split('\n')
    .flatMap((line) => {
      const words = line.split(' ');
      const path = words.pop() ?? '';
      const slashed = /^\/(?:images|distribution|plugins)\/\{name\}/.test(path) ? 'localhost:5000/a/b' : 'x';
      const example = path.replace('{name}', slashed).replaceAll(/\{\w+\}/g, 'x');
      return words.map((method) => ({ method, path, example }));
    });
}

test('every documented route has a row in the table, also for names with slashes', () => {
  const router = new Router(allRoutes(fakeBackends().backends, { cgroupUnified: false }));
  const missing = examples().filter(({ method, example }) => !router.find(method, example));
  expect(missing).toEqual([]);
});

test('no documented route answers a bare 404, whatever the verb', async () => {
  await using api = await ApiFixture.start();
  const bare: string[] = [];
  for (const { method, path, example } of examples()) {
    // They hold the connection for as long as it takes.
    if (/^\/(events|session|grpc)$|\/(attach|stats|wait|start)$/.test(path)) continue;
    const { status, body } = await api.request(method, `/v1.55${example}`);
    const isBare = body.includes('page not found') || (status === 404 && !/^\{"message":"./.test(body));
    if (isBare && method !== 'HEAD') bare.push(`${method} ${path}: ${status} ${body}`);
  }
  expect(bare).toEqual([]);
});
