/** Images leave by every client: each docker CLI of this machine, and our own. */
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { calm } from '../fixtures/chaos/calm.ts';
import { Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { sh, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { pullSmall } from '../fixtures/small-image.ts';

const clients = ENGINE === 'docker' ? dockerClis() : [...dockerClis(), MINKE_CLI];

describe.each(clients.map((cli) => [cli.name, cli] as const))('%s', (_name, program) => {
  test('save: to a file that is private and whole, or to standard output', async () => {
    using _calm = await calm('a pipe that was cut is not put together again');
    const { daemon } = await engine();
    const cli = new Client(program, daemon.host);
    const { reference } = await pullSmall();
    const folder = workFolder('saved');
    const file = join(folder, 'image.tar');
    await cli.ok(['save', '--output', file, reference]);
    expect(readdirSync(folder)).toEqual(['image.tar']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await sh(`tar -xOf ${file} manifest.json`)).toContain(reference);
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    const env = { DOCKER_HOST: daemon.host, MINKE_HOST: daemon.host };
    expect(await sh(`${program.program} save ${reference} | sha256sum`, { env })).toStartWith(sum);
    const failed = await cli.run(['save', '-o', join(folder, 'none.tar'), 'nosuch']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('No such image: nosuch');
    expect(readdirSync(folder)).toEqual(['image.tar']);
  });

  test('push: a tag, all tags, quietly', async () => {
    const { daemon, registry } = await engine();
    const cli = new Client(program, daemon.host);
    const { reference } = await pullSmall();
    const target = `${registry.address}/${uniqueName('out')}`;
    for (const tag of ['1', '2']) await cli.ok(['tag', reference, `${target}:${tag}`]);
    const lines = (await cli.ok(['push', `${target}:1`])).split('\n');
    expect(lines[0]).toBe(`The push refers to repository [${target}]`);
    expect(lines.at(-1)).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: \d+$/);
    expect(await cli.ok(['push', '--all-tags', target])).toMatch(/\n1: digest: .*\n(.*\n)*2: digest: /);
    expect(await cli.ok(['push', '--quiet', `${target}:2`])).toBe(`${target}:2`);
    const failed = await cli.run(['push', target]);
    expect(failed).toMatchObject({ code: 1, stderr: `tag does not exist: ${target}:latest\n` });
  });
});
