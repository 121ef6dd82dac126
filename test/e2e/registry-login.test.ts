import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { push } from '../fixtures/image.ts';
import { workFolder } from '../fixtures/machine.ts';
import { Registry } from '../fixtures/registry.ts';
import { TokenServer } from '../fixtures/token-server.ts';

const USER = 'ann';
const PASSWORD = 'corr:ect horse';
const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;

let byBasic: Registry;
let byToken: Registry;
let tokens: TokenServer;

beforeAll(async () => {
  tokens = await TokenServer.start({ [USER]: PASSWORD });
  byBasic = await Registry.start({ users: { [USER]: PASSWORD } });
  byToken = await Registry.start({ token: tokens.registryOptions });
  await push(byBasic.address, 'private/app', 'latest', busyboxImage(), { authorization: basic });
  for (const name of ['private/app', 'public/app']) {
    const authorization = `Bearer ${tokens.issue([`repository:${name}:pull,push`])}`;
    await push(byToken.address, name, 'latest', busyboxImage(), { authorization });
  }
}, 60_000);

afterAll(async () => {
  await byBasic?.stop();
  await byToken?.stop();
  await tokens?.stop();
});

/** A docker CLI with a config.json of its own, and what is in it. */
async function person(content?: object) {
  const { daemon } = await engine();
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI');
  const folder = workFolder('person');
  const file = join(folder, 'config.json');
  if (content) await Bun.write(file, JSON.stringify(content));
  const docker = new Client(cli, daemon.host, { DOCKER_CONFIG: folder });
  const auths = () =>
    (JSON.parse(readFileSync(file, 'utf8')) as { auths?: Record<string, Record<string, string>> }).auths ??
    {};
  const login = (address: string, password: string) =>
    docker.run(['login', '-u', USER, '--password-stdin', address], { input: password });
  return { docker, auths, login };
}

describe('a registry with Basic authentication', () => {
  test('is not pulled from without a login', async () => {
    const { docker } = await person();
    const result = await docker.run(['pull', `${byBasic.address}/private/app`]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /^Error response from daemon: Head "http:.*": no basic auth credentials\n$/,
    );
  });

  test('takes the right password, which pull then shows, until logout', async () => {
    const { docker, auths, login } = await person();
    const result = await login(byBasic.address, PASSWORD);
    expect(result.stderr + result.stdout).toContain('Login Succeeded\n');
    expect(result.code).toBe(0);
    expect(auths()[byBasic.address]?.['auth']).toBe(basic.slice('Basic '.length));
    const reference = `${byBasic.address}/private/app:latest`;
    expect(await docker.ok(['pull', '-q', reference])).toBe(reference);
    await docker.ok(['rmi', reference]);
    expect(await docker.ok(['logout', byBasic.address])).toContain(
      `Removing login credentials for ${byBasic.address}`,
    );
    expect(auths()).toEqual({});
    expect((await docker.run(['pull', reference])).code).toBe(1);
  });

  test('refuses a wrong password with Docker’s sentence', async () => {
    const { docker, login } = await person();
    const result = await login(byBasic.address, 'wrong');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(
      `Error response from daemon: login attempt to http://${byBasic.address}/v2/ failed with status: 401 Unauthorized`,
    );
    const shown = await person({
      auths: { [byBasic.address]: { auth: Buffer.from(`${USER}:wrong`).toString('base64') } },
    });
    const pull = await shown.docker.run(['pull', `${byBasic.address}/private/app`]);
    expect(pull.code).toBe(1);
    expect(pull.stderr).toContain('unauthorized: authentication required');
    expect((await docker.run(['image', 'inspect', `${byBasic.address}/private/app`])).code).toBe(1);
  });

  test('POST /auth answers in Docker’s shape', async () => {
    const { daemon } = await engine();
    const ask = (password: string) =>
      daemon.api.post('/auth', { username: USER, password, serveraddress: byBasic.address });
    const good = await ask(PASSWORD);
    expect([good.status, good.json()]).toEqual([200, { Status: 'Login Succeeded', IdentityToken: '' }]);
    const bad = await ask('wrong');
    expect(bad.status).toBe(ENGINE === 'docker' ? 500 : 401);
    expect(bad.json()['message']).toContain('failed with status: 401 Unauthorized');
  });
});

describe('a registry with a token service', () => {
  test('is pulled from without a login where anybody may', async () => {
    const { docker } = await person();
    const reference = `${byToken.address}/public/app:latest`;
    const from = tokens.asked.length;
    expect(await docker.ok(['pull', '-q', reference])).toBe(reference);
    const asked = tokens.asked.slice(from);
    expect(asked.every(({ authorization }) => authorization === undefined)).toBe(true);
    expect(asked[0]?.parameters.get('service')).toBe('test registry');
    expect(asked[0]?.parameters.get('scope')).toBe('repository:public/app:pull');
    // Manifest, configuration and layers share one token.
    if (ENGINE === 'minke') expect(asked).toHaveLength(1);
    await docker.ok(['rmi', reference]);
  });

  test('is not, where it takes a login', async () => {
    const { docker } = await person();
    const result = await docker.run(['pull', `${byToken.address}/private/app`]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /pull access denied for .*\/private\/app, repository does not exist or may require 'docker login'|unauthorized: authentication required/,
    );
  });

  test('gives an identity token at login, which pull shows in the place of a password', async () => {
    const { docker, auths, login } = await person();
    const result = await login(byToken.address, PASSWORD);
    expect(result.stdout).toContain('Login Succeeded\n');
    const entry = auths()[byToken.address] ?? {};
    expect(entry['identitytoken']).toStartWith('refresh-ann-');
    // The password itself is not kept.
    expect(Buffer.from(entry['auth'] ?? '', 'base64').toString()).not.toContain(PASSWORD);
    const from = tokens.asked.length;
    const reference = `${byToken.address}/private/app:latest`;
    expect(await docker.ok(['pull', '-q', reference])).toBe(reference);
    const [asked] = tokens.asked.slice(from);
    expect(asked?.method).toBe('POST');
    expect(asked?.parameters.get('grant_type')).toBe('refresh_token');
    expect(asked?.parameters.get('refresh_token')).toBe(entry['identitytoken'] ?? '');
    await docker.ok(['rmi', reference]);
  });

  test('takes user and password by Basic', async () => {
    const { docker } = await person({ auths: { [byToken.address]: { auth: basic.slice('Basic '.length) } } });
    const from = tokens.asked.length;
    const reference = `${byToken.address}/private/app:latest`;
    expect(await docker.ok(['pull', '-q', reference])).toBe(reference);
    expect(tokens.asked[from]?.authorization).toBe(basic);
    expect(tokens.asked[from]?.parameters.get('account')).toBe(USER);
    await docker.ok(['rmi', reference]);
  });

  test('refuses a wrong password with Docker’s sentence', async () => {
    const { login } = await person();
    const result = await login(byToken.address, 'wrong');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(
      `Error response from daemon: Get "http://${byToken.address}/v2/": unauthorized: incorrect username or password`,
    );
  });

  test('takes a registry token as it is', async () => {
    const { daemon, docker } = await engine();
    const from = tokens.asked.length;
    const registrytoken = tokens.issue(['repository:private/app:pull']);
    const header = (token: string) => ({
      // base64url, but padded: Docker takes no other.
      'X-Registry-Auth': btoa(JSON.stringify({ registrytoken: token }))
        .replaceAll('+', '-')
        .replaceAll('/', '_'),
    });
    const path = `/images/create?fromImage=${byToken.address}/private/app&tag=latest`;
    const good = await daemon.api.post(path, undefined, { headers: header(registrytoken) });
    expect(good.text).toContain('Status: Downloaded newer image');
    expect(tokens.asked).toHaveLength(from);
    await docker.ok(['rmi', `${byToken.address}/private/app`]);
    const other = tokens.issue(['repository:other:pull']);
    const bad = await daemon.api.post(path, undefined, { headers: header(other) });
    expect(bad.status).toBeGreaterThanOrEqual(400);
    expect(bad.text).toMatch(/denied|unauthorized/);
  });
});
