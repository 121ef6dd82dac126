/** `login` and `logout` of the docker CLI and of minke, side by side: what they say, return and keep. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '../fixtures/busybox.ts';
import { type Cli, Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { engine } from '../fixtures/engine.ts';
import { push } from '../fixtures/image.ts';
import { workFolder } from '../fixtures/machine.ts';
import { Registry } from '../fixtures/registry.ts';
import { TokenServer } from '../fixtures/token-server.ts';

const USER = 'ann';
const PASSWORD = 'secret';
const encoded = btoa(`${USER}:${PASSWORD}`);
let byBasic: Registry;
let byToken: Registry;
let tokens: TokenServer;

beforeAll(async () => {
  tokens = await TokenServer.start({ [USER]: PASSWORD });
  byBasic = await Registry.start({ users: { [USER]: PASSWORD } });
  byToken = await Registry.start({ token: tokens.registryOptions });
  await push(byBasic.address, 'app', 'latest', busyboxImage(), { authorization: `Basic ${encoded}` });
  const authorization = `Bearer ${tokens.issue(['repository:app:pull,push'])}`;
  await push(byToken.address, 'app', 'latest', busyboxImage(), { authorization });
}, 60_000);

afterAll(async () => {
  await byBasic?.stop();
  await byToken?.stop();
  await tokens?.stop();
});

/** A credential helper that keeps a file for each registry. */
function helperFolder(): string {
  const folder = workFolder('helper');
  mkdirSync(join(folder, 'kept'));
  const program = join(folder, 'docker-credential-test');
  writeFileSync(
    program,
    `#!/bin/sh
kept=${folder}/kept
name() { printf %s "$1" | tr '/:' '__'; }
case $1 in
  get) f=$kept/$(name "$(cat)"); [ -e "$f" ] && exec cat "$f"; echo "credentials not found in native keychain"; exit 1 ;;
  store) text=$(cat); url=$(printf %s "$text" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); printf %s "$text" > "$kept/$(name "$url")" ;;
  erase) f=$kept/$(name "$(cat)"); [ -e "$f" ] || { echo "credentials not found in native keychain"; exit 1; }; rm "$f" ;;
  *) echo "{}" ;;
esac
`,
  );
  chmodSync(program, 0o755);
  const broken = join(folder, 'docker-credential-broken');
  writeFileSync(broken, '#!/bin/sh\ncat >/dev/null\necho it is broken\nexit 3\n');
  chmodSync(broken, 0o755);
  return folder;
}

interface Step {
  argv: string[];
  input?: string;
}

/** Runs the steps with a fresh configuration; gives all that can be seen of them. */
async function play(cli: Cli, steps: Step[], config?: object) {
  const { daemon } = await engine();
  const folder = workFolder('person');
  const helpers = helperFolder();
  const file = join(folder, 'config.json');
  if (config) writeFileSync(file, JSON.stringify(config), { mode: 0o640 });
  const PATH = `${helpers}:${process.env['PATH']}`;
  const client = new Client(cli, daemon.host, { DOCKER_CONFIG: folder, PATH });
  const neutral = (text: string) =>
    text
      .replaceAll(folder, 'FOLDER')
      .replace(/'(docker|minke) (login|logout)'/g, "'X $2'")
      .replaceAll(byBasic.address, 'BASIC')
      .replaceAll(byToken.address, 'TOKEN')
      .replace(/refresh-ann-[0-9a-f-]+/g, 'REFRESH');
  const seen = [];
  for (const { argv, input } of steps) {
    const { code, stdout, stderr } = await client.run(argv, input === undefined ? {} : { input });
    seen.push({ argv: neutral(argv.join(' ')), code, stdout: neutral(stdout), stderr: neutral(stderr) });
  }
  const kept = existsSync(file) ? (JSON.parse(neutral(readFileSync(file, 'utf8'))) as object) : undefined;
  const mode = existsSync(file) ? (statSync(file).mode & 0o777).toString(8) : '';
  const inHelper = await client.run(['version', '-f', 'x']); // the client still works with this configuration
  return { seen, kept, mode, works: inHelper.code };
}

/** Both clients do and leave the same. */
async function same(steps: Step[], config?: object) {
  const [docker] = dockerClis();
  if (!docker) throw new Error('no docker CLI');
  const expected = await play(docker, steps, config);
  const ours = await play(MINKE_CLI, steps, config);
  expect(ours).toEqual(expected);
  return ours;
}

const stdin = (address: string, password = PASSWORD): Step => ({
  argv: ['login', '-u', USER, '--password-stdin', address],
  input: `${password}\n`,
});

describe('minke and docker agree on', () => {
  test('login and logout with a password', async () => {
    const { seen, kept, mode } = await same([stdin(byBasic.address), { argv: ['login', byBasic.address] }]);
    expect(seen[0]?.stdout).toBe('Login Succeeded\n');
    expect(seen[1]?.stderr).toContain('Authenticating with existing credentials... [Username: ann]');
    expect(kept).toEqual({ auths: { BASIC: { auth: encoded } } });
    expect(mode).toBe('600');
    await same([stdin(`http://${byBasic.address}/v1/`), { argv: ['logout', byBasic.address] }]);
  });

  test('-p with its warning, and what is missing or too much', async () => {
    await same([
      { argv: ['login', '-u', USER, '-p', PASSWORD, byBasic.address] },
      { argv: ['login', '-u', USER, '-p', PASSWORD, '--password-stdin', byBasic.address], input: 'x' },
      { argv: ['login', '--password-stdin', byBasic.address], input: 'x' },
      { argv: ['login', '-u', USER, 'other:5000'] },
      { argv: ['logout', 'nowhere:5000'] },
      { argv: ['logout'] },
    ]);
  });

  test('a wrong password, and one that was right once', async () => {
    const { seen } = await same([stdin(byBasic.address, 'wrong'), stdin(byToken.address, 'wrong')]);
    expect(seen.map(({ code }) => code)).toEqual([1, 1]);
    const stale = { auths: { [byBasic.address]: { auth: btoa(`${USER}:old`) } }, psFormat: 'kept' };
    await same([{ argv: ['login', byBasic.address] }], stale);
  });

  test('an identity token in the place of the password', async () => {
    const { kept } = await same([stdin(byToken.address)]);
    expect(kept).toMatchObject({ auths: { TOKEN: { identitytoken: 'REFRESH' } } });
  });

  test('a helper for all registries', async () => {
    const { kept } = await same(
      [
        stdin(byBasic.address),
        { argv: ['pull', '-q', `${byBasic.address}/app`] },
        { argv: ['rmi', '-f', `${byBasic.address}/app`] },
        stdin(byToken.address),
        { argv: ['pull', '-q', `${byToken.address}/app`] },
        { argv: ['logout', byBasic.address] },
        { argv: ['pull', '-q', `${byBasic.address}/app`] },
      ],
      { credsStore: 'test' },
    );
    expect(JSON.stringify(kept)).not.toContain(encoded);
  });

  test('a helper for one registry, one that fails and one that is not there', async () => {
    await same([stdin(byBasic.address), stdin(byToken.address)], {
      credHelpers: { [byBasic.address]: 'test' },
      currentContext: 'default',
    });
    await same([stdin(byBasic.address), { argv: ['logout', byBasic.address] }], { credsStore: 'broken' });
    await same([stdin(byBasic.address)], { credsStore: 'absent' });
  });

  test('pull with what login keeps', async () => {
    await same([
      { argv: ['pull', '-q', `${byBasic.address}/app`] },
      stdin(byBasic.address),
      { argv: ['pull', '-q', `${byBasic.address}/app`] },
      stdin(byToken.address),
      { argv: ['pull', '-q', `${byToken.address}/app`] },
    ]);
  });
});

test('minke login asks for name and password at a terminal, and shows no password', async () => {
  const { daemon } = await engine();
  const minke = new Client(MINKE_CLI, daemon.host, { DOCKER_CONFIG: workFolder('person') });
  const terminal = await minke.terminal(['login', byBasic.address]);
  await terminal.see(/Username: $/);
  terminal.type(`${USER}\r`);
  await terminal.see(/Password: $/);
  terminal.type(`${PASSWORD}\r`);
  await terminal.see(/Login Succeeded/);
  expect(await terminal.ended).toBe(0);
  expect(terminal.screen()).not.toContain(PASSWORD);
  terminal.close();
});

test('minke login leaves a config.json alone that it cannot read', async () => {
  const { daemon } = await engine();
  const folder = workFolder('person');
  writeFileSync(join(folder, 'config.json'), '{"auths": ');
  const minke = new Client(MINKE_CLI, daemon.host, { DOCKER_CONFIG: folder });
  const result = await minke.run(['login', '-u', USER, '--password-stdin', byBasic.address], {
    input: PASSWORD,
  });
  expect(result.code).toBe(1);
  expect(result.stderr).toContain(`Error loading config file: ${folder}/config.json`);
  expect(readFileSync(join(folder, 'config.json'), 'utf8')).toBe('{"auths": ');
});
