import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { fieldPaths } from '../fixtures/fields.ts';
import { uniqueName } from '../fixtures/names.ts';
import containerFields from '../fixtures/recorded/container-fields.json' with { type: 'json' };
import listFields from '../fixtures/recorded/container-list-fields.json' with { type: 'json' };
import endpointFields from '../fixtures/recorded/endpoint-fields.json' with { type: 'json' };

const name = uniqueName('inspect');

interface Inspect {
  [field: string]: unknown;
  Id: string;
  Created: string;
  Config: Record<string, unknown>;
  HostConfig: Record<string, unknown>;
  State: Record<string, unknown> & { Pid: number; StartedAt: string };
  NetworkSettings: Record<string, unknown> & { Networks: Record<string, Record<string, unknown>> };
}

beforeAll(async () => {
  const { docker, busybox } = await engine();
  await docker.ok([
    ...['run', '-d', '--name', name, '-e', 'A=1', '-w', '/tmp', '-u', 'app', '--label', 'l=1'],
    ...['-p', '127.0.0.1::80', '-m', '64m', '--hostname', 'hosty', busybox, 'sleep', '1000'],
  ]);
});
afterAll(async () => {
  const { docker } = await engine();
  await docker.run(['rm', '-f', name]);
});

async function inspect(version = ''): Promise<Inspect> {
  const { daemon } = await engine();
  return (await daemon.api.get(`${version}/containers/${name}/json?size=1`)).json<Inspect>();
}

describe('docker inspect', () => {
  test('at API 1.41 has exactly the fields of Docker 20.10', async () => {
    const answer = await inspect('/v1.41');
    // Why: a configuration that is not set is absent in Docker as well, so that only what Docker has must be there.
    const missing = containerFields.filter((field) => !fieldPaths(answer).includes(field));
    expect(missing).toEqual([]);
    expect(Object.keys(answer.NetworkSettings.Networks['bridge'] ?? {})).toEqual(
      expect.arrayContaining(endpointFields),
    );
    const extra = Object.keys(answer).filter((field) => !containerFields.includes(field));
    expect(extra).toEqual([]);
  });

  test('ps has the fields of Docker 20.10 at API 1.41', async () => {
    const { daemon } = await engine();
    const [listed] = (await daemon.api.get('/v1.41/containers/json?limit=1')).json<object[]>();
    const have = fieldPaths(listed, '', 2);
    expect(listFields.filter((field) => !have.includes(field))).toEqual([]);
  });

  test('tells what was asked for and what came of it', async () => {
    const { docker, busybox, daemon } = await engine();
    const answer = JSON.parse(await docker.ok(['inspect', name])) as [Inspect];
    expect(answer[0]).toMatchObject({
      Name: `/${name}`,
      Path: 'sleep',
      Args: ['1000'],
      Driver: 'overlay2',
      Platform: 'linux',
      RestartCount: 0,
      State: {
        Status: 'running',
        Running: true,
        Paused: false,
        Restarting: false,
        OOMKilled: false,
        Dead: false,
        ExitCode: 0,
        Error: '',
        FinishedAt: '0001-01-01T00:00:00Z',
      },
      Config: {
        Hostname: 'hosty',
        User: 'app',
        Tty: false,
        OpenStdin: false,
        Cmd: ['sleep', '1000'],
        Image: busybox,
        WorkingDir: '/tmp',
        Env: expect.arrayContaining(['A=1', 'FROM_IMAGE=yes']),
        Labels: { l: '1', 'org.example.image': 'busybox' },
      },
      HostConfig: {
        Memory: 67108864,
        MemorySwap: 134217728,
        NetworkMode: expect.stringMatching(/^(default|bridge)$/),
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
        LogConfig: { Type: 'json-file' },
        AutoRemove: false,
        Privileged: false,
        ShmSize: 67108864,
        IpcMode: 'private',
        Runtime: expect.stringMatching(/^(runc|crun)$/),
      },
    });
    const [{ State: state, NetworkSettings: network, ...rest }] = answer;
    expect(readFileSync(`/proc/${state.Pid}/cmdline`, 'utf8')).toBe('sleep\x001000\0');
    expect(new Date(state.StartedAt).getTime()).toBeGreaterThanOrEqual(new Date(rest.Created).getTime());
    for (const field of ['LogPath', 'HostnamePath', 'HostsPath', 'ResolvConfPath']) {
      if (field !== 'LogPath') expect(existsSync(String(rest[field]))).toBe(true);
      expect(String(rest[field])).toStartWith(`${daemon.dataRoot}/containers/${rest.Id}/`);
    }
    const endpoint = network.Networks['bridge'];
    expect(endpoint).toMatchObject({ Gateway: daemon.gateway, IPPrefixLen: 24 });
    expect(String(endpoint?.['IPAddress'])).toMatch(/^172\.30\.90\.\d+$/);
    expect(String(endpoint?.['MacAddress'])).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    expect(network['Ports']).toEqual({
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: expect.stringMatching(/^\d+$/) }],
    });
  });

  test('-s adds sizes', async () => {
    const { docker } = await engine();
    expect(await docker.ok(['inspect', '-s', '-f', '{{.SizeRw}}', name])).toMatch(/^\d+$/);
    expect(Number(await docker.ok(['inspect', '-s', '-f', '{{.SizeRootFs}}', name]))).toBeGreaterThan(
      500_000,
    );
  });

  test('-f prints by template, and one that names no field is an error', async () => {
    const { docker } = await engine();
    expect(await docker.ok(['inspect', '-f', '{{.Name}} {{json .Config.Cmd}}', name])).toBe(
      `/${name} ["sleep","1000"]`,
    );
    expect((await docker.run(['inspect', '-f', '{{.Nope}}', name])).code).not.toBe(0);
  });

  test.skipIf(ENGINE === 'docker')('what came or went by version is as that version has it', async () => {
    const [old, middle, newest] = [await inspect('/v1.24'), await inspect('/v1.44'), await inspect('/v1.55')];
    expect(old.NetworkSettings['IPAddress']).toMatch(/^172\.30\.90\./);
    expect(middle.NetworkSettings['IPAddress']).toMatch(/^172\.30\.90\./);
    expect('IPAddress' in newest.NetworkSettings).toBe(false);
    expect('Bridge' in newest.NetworkSettings).toBe(false);
    expect('Bridge' in middle.NetworkSettings).toBe(true);
    expect('GraphDriver' in newest).toBe(true);
    expect(newest.NetworkSettings.Networks['bridge']).toHaveProperty('IPAddress');
  });
});
