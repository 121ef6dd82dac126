import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage } from '../fixtures/busybox.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { push } from '../fixtures/image.ts';
import { workFolder } from '../fixtures/machine.ts';
import { Registry } from '../fixtures/registry.ts';

// 20.10 has no CDI.
const MINKE = ENGINE === 'minke';
const [low, high] = [workFolder('cdi-low'), workFolder('cdi-high')];
const said = join(workFolder('cdi-hooks'), 'said');
const daemon = new Daemon({ subnet: 96, config: { 'cdi-spec-dirs': [low, high] } });
const [cli] = dockerClis();
if (!cli) throw new Error('no docker CLI: run scripts/setup.sh test');
const docker = new Client(cli, daemon.host);
let registry: Registry;
let busybox = '';

/** Devices as files of the Container Device Interface tell them: one in YAML, two in JSON, of which one is hidden. */
function writeSpecs(): void {
  const hook = join(low, 'hook.sh');
  writeFileSync(hook, `#!/bin/sh\ncat > /dev/null\necho "$1" >> ${said}\n`);
  chmodSync(hook, 0o755);
  mkdirSync(join(low, 'tools'));
  writeFileSync(join(low, 'tools/tool'), 'of the vendor\n');
  const yaml = [
    ...['cdiVersion: "0.6.0"', 'kind: vendor.com/net', 'devices:', '- name: "one"', '  containerEdits:'],
    ...['    deviceNodes:', '    - path: /dev/one', '      hostPath: /dev/net/tun', '      fileMode: 0640'],
    ...['    env:', '    - ONE=1', '- name: two', '  containerEdits:', '    env:', '    - TWO=2'],
    ...['containerEdits:', '  env:', '  - VENDOR=yes', '  mounts:', `  - hostPath: ${low}/tools`],
    ...['    containerPath: /opt/tools', '    options: [ro, rbind]', '  hooks:'],
    ...['createContainer', 'poststart', 'poststop'].flatMap((name) => [
      `  - hookName: ${name}`,
      `    path: ${hook}`,
      `    args: [hook.sh, ${name}]`,
    ]),
  ];
  writeFileSync(join(low, 'vendor.yaml'), `${yaml.join('\n')}\n`);
  const spec = (value: string) =>
    JSON.stringify({
      cdiVersion: '0.5.0',
      kind: 'other.org/thing',
      devices: [{ name: 'x', containerEdits: { env: [`X=${value}`] } }],
    });
  writeFileSync(join(low, 'other.json'), spec('low'));
  writeFileSync(join(high, 'other.json'), spec('high'));
  writeFileSync(join(low, 'broken.json'), '{"cdiVersion": ');
}

beforeAll(async () => {
  if (!MINKE) return;
  writeSpecs();
  registry = await Registry.start();
  await daemon.start();
  busybox = `${registry.address}/busybox:latest`;
  await push(registry.address, 'busybox', 'latest', busyboxImage());
  await docker.ok(['pull', '-q', busybox]);
}, 60_000);

afterAll(async () => {
  if (!MINKE) return;
  await daemon.stop();
  await registry.stop();
});

const run = (devices: string[], script: string) => {
  const flags = devices.flatMap((name) => ['--device', name]);
  return docker.run(['run', '--rm', ...flags, busybox, 'sh', '-c', script]);
};

test.skipIf(!MINKE)('a device brings its node, its environment, mounts, and hooks', async () => {
  using _calm = await calm('hooks of a run that is done again are run again');
  const script =
    'stat -c %a /dev/one; (exec 3<>/dev/one) && echo opened; cat /opt/tools/tool; echo $ONE$TWO$VENDOR';
  const { stdout, stderr } = await run(['vendor.com/net=one', 'vendor.com/net=two'], script);
  expect(stderr).toBe('');
  expect(stdout).toBe('640\nopened\nof the vendor\n12yes\n');
  // Also those that the OCI runtime runs at the start and at the end.
  expect(existsSync(said) && readFileSync(said, 'utf8')).toBe('createContainer\npoststart\npoststop\n');
  const without = await run([], 'test -e /dev/one || echo none; echo $VENDOR');
  expect(without.stdout).toBe('none\n\n');
});

test.skipIf(!MINKE)('later directories win, unknown devices are named, and info tells all', async () => {
  expect((await run(['other.org/thing=x'], 'echo $X')).stdout).toBe('high\n');
  const unknown = await run(['vendor.com/net=three', 'other.org/thing=x'], 'true');
  expect(unknown.code).toBe(125);
  expect(unknown.stderr).toContain(
    'CDI device injection failed: unresolvable CDI devices vendor.com/net=three',
  );
  const info = (await daemon.api.get('/v1.50/info')).json<Record<string, unknown>>();
  expect(info['CDISpecDirs']).toEqual([low, high]);
  expect(info['DiscoveredDevices']).toEqual(
    ['other.org/thing=x', 'vendor.com/net=one', 'vendor.com/net=two'].map((ID) => ({ Source: 'cdi', ID })),
  );
  const gpus = await docker.run(['run', '--rm', '--gpus', 'all', busybox, 'true']);
  expect(gpus.stderr).toContain('could not select device driver "" with capabilities: [[gpu]]');
});
