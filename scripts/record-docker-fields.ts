/**
 * Records which fields Docker's answers have, into test/fixtures/recorded:
 * `MINKE_TEST_ENGINE=docker scripts/isolated.sh scripts/bun.sh scripts/record-docker-fields.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engine, stopEngine } from '../test/fixtures/engine.ts';
import { fieldPaths } from '../test/fixtures/fields.ts';
import { removeWork } from '../test/fixtures/machine.ts';

const FOLDER = join(import.meta.dirname, '../test/fixtures/recorded');
mkdirSync(FOLDER, { recursive: true });
const write = (name: string, value: unknown): void =>
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(value, null, 2)}\n`);

const { daemon, busybox } = await engine();
const { api } = daemon;
const { Id: id } = (
  await api.post('/v1.41/containers/create', { Image: busybox, Cmd: ['sleep', '100'] })
).json<{ Id: string }>();
await api.post(`/v1.41/containers/${id}/start`);
const inspect = (await api.get(`/v1.41/containers/${id}/json?size=1`)).json<{
  NetworkSettings: { Networks: Record<string, object> };
}>();
write('container-fields', fieldPaths(inspect).sort());
write('endpoint-fields', Object.keys(inspect.NetworkSettings.Networks['bridge'] ?? {}).sort());
const [listed] = (await api.get('/v1.41/containers/json')).json<object[]>();
write(
  'container-list-fields',
  fieldPaths(listed, '', 2)
    .filter((path) => !path.startsWith('Labels.'))
    .sort(),
);
write('image-fields', Object.keys((await api.get(`/v1.41/images/${busybox}/json`)).json()).sort());
write('info-fields', Object.keys((await api.get('/v1.41/info')).json()).sort());
await stopEngine();
removeWork();
