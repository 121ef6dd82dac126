/** docker-compose 1.29, the last in Python and what Debian has: three services, two networks, from up to down. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client } from '../fixtures/cli.ts';
import { type Engine, engine } from '../fixtures/engine.ts';
import { freePort, run, until, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';

const project = uniqueName('compose');
const folder = workFolder('compose');
const file = join(folder, 'docker-compose.yml');
let on: Engine;
let compose: Client;
let port = 0;
let peace: Disposable | undefined;

/** `store` says it is healthy some time after it serves; `web` may not start before. `probe` does not see `store`. */
const text = (greeting: string) => `
services:
  store:
    image: ${on.busybox}
    command: sh -c "[ -e /data/page ] || echo first > /data/page; echo serving; exec httpd -f -h /data"
    healthcheck:
      test: ["CMD", "wget", "-qO", "/dev/null", "http://127.0.0.1/page"]
      interval: 200ms
      retries: 100
    volumes: ["data:/data"]
    networks: { back: { aliases: [database] } }
    stop_signal: SIGKILL
  web:
    image: ${on.busybox}
    command: sh -c "mkdir -p /srv && hostname > /srv/index.html && exec httpd -f -h /srv"
    depends_on: { store: { condition: service_healthy } }
    environment: { GREETING: "${greeting}" }
    ports: ["80", "127.0.0.1:${port}-${port + 2}:8080"]
    networks: [front, back]
    stop_signal: SIGKILL
  probe:
    image: ${on.busybox}
    command: sleep 1000
    networks: [front]
    stop_signal: SIGKILL
networks:
  front: {}
  back: { internal: true }
volumes:
  data: { labels: { purpose: test } }
`;

beforeAll(async () => {
  on = await engine();
  // Compose looks at what is there and makes the rest: cut off in the middle it says so, and does not try again.
  peace = await calm('Compose does not ask again');
  port = await freePort();
  const program = { name: 'docker-compose', program: 'docker-compose' };
  compose = new Client(program, on.daemon.host, { COMPOSE_PROJECT_NAME: project, COMPOSE_FILE: file });
  writeFileSync(file, text('hello'));
});
afterAll(async () => {
  await compose.run(['down', '-v', '-t', '0']);
  peace?.[Symbol.dispose]();
});

const ok = (...args: string[]) => compose.ok(args, { timeout: 60_000 });
/** By the docker CLI, which starts faster; `compose exec` is tried once. */
const exec = (service: string, ...command: string[]) =>
  on.docker.ok(['exec', container(service), ...command]);
const container = (service: string, n = 1) => `${project}_${service}_${n}`;
const inspect = (format: string, ...names: string[]) => on.docker.ok(['inspect', '-f', format, ...names]);
const fails = async (service: string, ...command: string[]) =>
  expect((await on.docker.run(['exec', container(service), ...command])).code).not.toBe(0);
/** What the published port of one of the web servers gives: its host name. */
const page = async (n = 1) => {
  const address = (await on.docker.ok(['port', container('web', n), '80'])).split('\n')[0];
  return await until(
    'the page',
    async () => (await run('curl', ['-sf', '-m', '3', `http://${address}/`])).stdout,
  );
};

test('up makes networks, volume and containers, and waits for what is not healthy yet', async () => {
  const begun = Math.floor(Date.now() / 1000);
  await ok('up', '-d');
  const filter = `label=com.docker.compose.project=${project}`;
  const list = async (noun: string, format: string) =>
    (await on.docker.ok([noun, 'ls', '--filter', filter, '--format', format])).split('\n').sort();
  expect(await list('container', '{{.Names}}')).toEqual(
    ['probe', 'store', 'web'].map((each) => container(each)),
  );
  expect(await list('network', '{{.Name}} {{.Driver}} {{.Internal}}')).toEqual([
    `${project}_back bridge true`,
    `${project}_front bridge false`,
  ]);
  expect(await list('volume', '{{.Name}} {{.Label "purpose"}}')).toEqual([`${project}_data test`]);
  const shown = await ok('ps');
  expect(shown).toMatch(new RegExp(`${container('store')} .* Up \\(healthy\\)`));
  expect(shown).toMatch(new RegExp(`${container('web')} .* Up .*->80/tcp`));
  const now = ['--since', `${begun}`, '--until', `${Date.now() / 1000 + 1}`];
  const events = await on.docker.ok([
    'events',
    ...now,
    '--filter',
    filter,
    '--format',
    '{{.Status}} {{.Actor.Attributes.name}}',
  ]);
  const order = events
    .split('\n')
    .filter((line) => /^(health_status: healthy|start) .*_(store|web)_1$/.test(line));
  expect(order.slice(0, 3)).toEqual([
    `start ${container('store')}`,
    `health_status: healthy ${container('store')}`,
    `start ${container('web')}`,
  ]);
}, 120_000);

test('services find those they share a network with, by name, alias and published port', async () => {
  const get = (from: string, host: string) => exec(from, 'timeout', '5', 'wget', '-qO-', `http://${host}`);
  expect(await get('web', 'store/page')).toBe('first');
  expect(await get('web', `database.${project}_back/page`)).toBe('first');
  const id = await inspect('{{.Config.Hostname}}', container('web'));
  expect(await get('probe', 'web')).toBe(id);
  expect(await page()).toBe(`${id}\n`);
  await fails('probe', 'nslookup', 'store');
  await fails('store', 'ping', '-c1', '-W1', '198.51.100.1');
}, 60_000);

test('exec and logs do what they say', async () => {
  expect(await ok('port', 'web', '80')).toBe(
    await on.docker.ok(['port', container('web'), '80']).then((all) => all.split('\n')[0] ?? ''),
  );
  const answer = await compose.run(['exec', '-T', 'web', 'sh', '-c', 'echo $GREETING; exit 7']);
  expect([answer.stdout, answer.code]).toEqual(['hello\n', 7]);
  expect(await ok('logs', '--no-color', 'store')).toMatch(/^store_1 +\| serving$/m);
  expect(await ok('run', '--rm', 'probe', 'sh', '-c', 'echo once; hostname -i | wc -w')).toBe('once\n1');
}, 60_000);

test('scale adds containers that all answer to the name, and takes them away', async () => {
  await ok('up', '-d', '--scale', 'web=3');
  const hosts = new Set([await page(1), await page(2), await page(3)]);
  expect(hosts.size).toBe(3);
  const found = await exec('probe', 'nslookup', 'web');
  const network = `${project}_front`;
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  const addresses = await inspect(format, container('web'), container('web', 2), container('web', 3));
  for (const address of addresses.split('\n')) expect(found).toContain(address);
  const published = await inspect('{{json .NetworkSettings.Ports}}', container('web', 3));
  expect(published).toMatch(
    new RegExp(`"8080/tcp":\\[\\{"HostIp":"127.0.0.1","HostPort":"(${port}|${port + 1}|${port + 2})"`),
  );
  await ok('up', '-d', '--scale', 'web=1');
  expect(await exec('probe', 'nslookup', 'web')).not.toContain(addresses.split('\n')[2] ?? '?');
}, 120_000);

test('restart keeps what the volume has, and the names', async () => {
  await exec('store', 'sh', '-c', 'echo second > /data/page');
  const before = await inspect('{{.Id}} {{.State.StartedAt}}', container('store'));
  await ok('restart', '-t', '0', 'store');
  const after = await inspect('{{.Id}} {{.State.StartedAt}}', container('store'));
  expect(after.split(' ')[0]).toBe(before.split(' ')[0] ?? '');
  expect(after).not.toBe(before);
  const get = ['timeout', '5', 'wget', '-qO-', 'http://store/page'];
  const ask = () => on.docker.run(['exec', container('web'), ...get]);
  expect(await until('the page', async () => (await ask()).stdout)).toBe('second\n');
}, 60_000);

test('up again leaves alone what did not change, and makes anew what did', async () => {
  const ids = () => inspect('{{.Id}}', container('store'), container('web'), container('probe'));
  const before = (await ids()).split('\n');
  await ok('up', '-d');
  expect((await ids()).split('\n')).toEqual(before);
  writeFileSync(file, text('changed'));
  await ok('up', '-d');
  const after = (await ids()).split('\n');
  expect([after[0] === before[0], after[1] === before[1], after[2] === before[2]]).toEqual([
    true,
    false,
    true,
  ]);
  expect(await exec('web', 'sh', '-c', 'echo $GREETING; wget -qO- http://store/page')).toBe(
    'changed\nsecond',
  );
}, 120_000);

test('stop, start, and down -v leave nothing', async () => {
  await ok('stop', '-t', '0');
  expect(await ok('ps')).not.toContain(' Up ');
  expect(await inspect('{{.State.ExitCode}}', container('store'))).toBe('137');
  expect((await run('curl', ['-sf', '-m', '2', `http://127.0.0.1:${port}/`])).code).not.toBe(0);
  await ok('start');
  expect(await page()).not.toBe('');
  await ok('down', '-v', '-t', '0');
  for (const noun of ['container', 'network', 'volume']) {
    const all = noun === 'container' ? ['-a'] : [];
    const format = noun === 'container' ? '{{.Names}}' : '{{.Name}}';
    expect(await on.docker.ok([noun, 'ls', ...all, '--filter', `name=${project}`, '--format', format])).toBe(
      '',
    );
  }
}, 120_000);
