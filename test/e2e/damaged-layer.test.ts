/** Layers that somebody damaged by hand: a pull heals them, below images and containers that stay as they are. */
import { expect, test } from 'bun:test';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, push } from '../fixtures/image.ts';
import { workFolder } from '../fixtures/machine.ts';
import { removing, uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

// Compat: Docker says that the image is up to date.
const minke = test.skipIf(ENGINE === 'docker');

async function pulled(name: string) {
  const { docker, daemon, registry } = await engine();
  const image = buildImage({
    layers: [
      busyboxRootfs([{ name: `srv/${name}`, content: name }]),
      tar([{ name: 'etc/middle', content: `middle of ${name}\n` }]),
      tar([{ name: 'etc/top', content: `top of ${name}\n` }]),
    ],
  });
  await push(registry.address, name, '1', image);
  const reference = `${registry.address}/${name}:1`;
  await docker.ok(['pull', '-q', reference]);
  const data = await docker.ok([
    'image',
    'inspect',
    '-f',
    '{{.GraphDriver.Data.LowerDir}}:{{.GraphDriver.Data.UpperDir}}',
    reference,
  ]);
  const diffs = data.split(':');
  const [middle = ''] = diffs;
  const top = diffs.at(-1) ?? '';
  const bottom = diffs.at(-2) ?? '';
  return { docker, daemon, reference, bottom, middle, top };
}

minke(
  'a pull heals files that are missing, cut or gone altogether',
  async () => {
    const name = uniqueName('damaged');
    const { docker, daemon, reference, bottom, middle, top } = await pulled(name);
    await using _box = removing(docker, name);
    await docker.ok(['run', '--name', name, reference, 'sh', '-c', 'echo own > /own']);
    const read = ['cat', `/srv/${name}`, '/etc/middle', '/etc/top'];
    const whole = await docker.ok(['run', '--rm', reference, ...read]);
    rmSync(join(bottom, 'srv', name));
    truncateSync(join(middle, 'etc/middle'));
    rmSync(top, { recursive: true });
    expect((await docker.run(['run', '--rm', reference, ...read])).code).not.toBe(0);

    const healing = await docker.ok(['pull', reference]);
    expect(healing.match(/Pull complete/g)).toHaveLength(3);
    expect(await docker.ok(['run', '--rm', reference, ...read])).toBe(whole);
    // The container that stood on it has its own files, and those of the image again.
    await docker.ok(['start', '-a', name]);
    expect(await docker.ok(['pull', reference])).toContain('Image is up to date');
    await daemon.kill();
    await daemon.start();
    expect(await docker.ok(['run', '--rm', reference, ...read])).toBe(whole);
    expect(await docker.ok(['pull', reference])).not.toContain('Pull complete');
  },
  60_000,
);

minke(
  'what only reading tells is found by a save, and the pull after it heals',
  async () => {
    const name = uniqueName('altered');
    const { docker, reference, top } = await pulled(name);
    const file = join(top, 'etc/top');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('top', 'TOP'));
    const saved = await docker.run(['save', '-o', join(workFolder('save'), 'a.tar'), reference]);
    // The archive had begun, so all that can be said is that it is not whole.
    expect(saved.code).toBe(1);
    await docker.ok(['pull', '-q', reference]);
    expect(await docker.ok(['run', '--rm', reference, 'cat', '/etc/top'])).toBe(before.trimEnd());
  },
  60_000,
);
