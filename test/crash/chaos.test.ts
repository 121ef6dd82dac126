/**
 * The daemon is killed by SIGKILL at random moments while clients work. What was answered must hold; what was not
 * answered is settled by looking. MINKE_TEST_ROUNDS sets how long (default: a sample).
 */
import { expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerArchive } from '../fixtures/archive.ts';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import type { Client } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, imageId, push } from '../fixtures/image.ts';
import { cgroupsOf } from '../fixtures/leaks.ts';
import { sh, sleep, until, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

const ROUNDS = Number(process.env['MINKE_TEST_ROUNDS'] ?? 6);
const LOST =
  /Cannot connect to the Docker daemon|EOF|connection reset|broken pipe|connection refused|error during connect/;

/** Runs a command until the daemon answered it, and says whether an earlier try may have been carried out. */
async function settled(
  docker: Client,
  args: string[],
): Promise<{ code: number; text: string; tries: number }> {
  for (let tries = 1; ; tries++) {
    const result = await docker.run(args, { timeout: 20_000 });
    if (result.code === 0 || !LOST.test(result.stderr) || tries > 60) {
      return { code: result.code, text: result.code === 0 ? result.stdout.trim() : result.stderr, tries };
    }
    await sleep(150);
  }
}

/** One life of a container: each step is repeated until it is known to be done. */
async function life(docker: Client, image: string, code: number): Promise<string> {
  const name = uniqueName('chaos');
  const script = `i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); sleep 0.02; done; exit ${code}`;
  const created = await settled(docker, ['create', '--name', name, image, 'sh', '-c', script]);
  if (created.code !== 0) expect(created.text).toContain('is already in use');
  // A start is not repeated blindly: one whose answer was lost may have been carried out, and the container ended.
  for (;;) {
    const started = await docker.run(['start', name], { timeout: 20_000 });
    if (started.code === 0) break;
    expect(started.stderr).toMatch(LOST);
    const seen = await settled(docker, ['inspect', '-f', '{{.State.Status}}', name]);
    if (seen.text !== 'created') break;
  }
  // A wait is a read: asked again after each loss.
  const waited = await settled(docker, ['wait', name]);
  expect([waited.code, waited.text]).toEqual([0, String(code)]);
  const logs = await settled(docker, ['logs', name]);
  expect(logs.text.split('\n')).toEqual(Array.from({ length: 40 }, (_, n) => `line ${n}`));
  const id = (await settled(docker, ['inspect', '-f', '{{.Id}} {{.State.Status}} {{.State.ExitCode}}', name]))
    .text;
  expect(id.split(' ').slice(1)).toEqual(['exited', String(code)]);
  const removed = await settled(docker, ['rm', '-f', '-v', name]);
  if (removed.code !== 0) expect(removed.text).toMatch(/No such container/);
  return id.split(' ')[0] ?? '';
}

test(
  'lives of containers come out right while the daemon is killed at random moments',
  async () => {
    const { docker, daemon, busybox } = await engine();
    let going = true;
    let kills = 0;
    const killer = (async () => {
      while (going) {
        await sleep(300 + Math.random() * 1200);
        await daemon.kill();
        await daemon.start();
        kills += 1;
      }
    })();
    const ids: string[] = [];
    try {
      for (let round = 0; round < ROUNDS; round += 3) {
        ids.push(...(await Promise.all([3, 0, 77].map((code) => life(docker, busybox, code)))));
      }
    } finally {
      going = false;
      await killer;
    }
    console.log(`${ids.length} lives, ${kills} kills`);
    expect(kills).toBeGreaterThan(2);
    expect(await docker.ok(['ps', '-aq'])).toBe('');
    await until('their cgroups to go', () => cgroupsOf(ids).length === 0);
    await until('their links to go', async () => !(await sh('ls /sys/class/net')).includes('veth'));
  },
  120_000 + ROUNDS * 20_000,
);

test('a pull that is killed in the middle goes through the next time, and leaves no half layer', async () => {
  const { docker, daemon, registry } = await engine();
  const noise = Buffer.alloc(24 << 20);
  for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((Math.random() * 2 ** 32) >>> 0, at);
  const layers = [0, 1, 2].map((n) =>
    tar([{ name: `noise-${n}`, content: noise.subarray(n << 23, (n + 1) << 23) }]),
  );
  const name = uniqueName('killed');
  await push(registry.address, name, 'latest', buildImage({ layers: [busyboxRootfs(), ...layers] }));
  const reference = `${registry.address}/${name}`;
  for (const delay of [30, 120, 300]) {
    const pulling = docker.start(['pull', reference]);
    await sleep(delay);
    await daemon.kill();
    await until('the client to end', () => pulling.child.exitCode !== null);
    await daemon.start();
  }
  await docker.ok(['pull', '-q', reference]);
  const sums = await docker.ok(['run', '--rm', reference, 'sh', '-c', 'cat /noise-* | sha256sum']);
  expect(sums).toBe(`${createHash('sha256').update(noise).digest('hex')}  -`);
  await docker.ok(['rmi', reference]);
}, 120_000);

test('a load that is killed in the middle goes through the next time, and leaves nothing', async () => {
  const { docker, daemon } = await engine();
  const noise = [0, 1, 2].map(() => randomBytes(4 << 20));
  const layers = [busyboxRootfs(), ...noise.map((content, n) => tar([{ name: `noise-${n}`, content }]))];
  const image = buildImage({ layers, gzip: false });
  const name = `${uniqueName('loaded')}:1`;
  const file = join(workFolder('load'), 'image.tar');
  writeFileSync(file, dockerArchive(image, layers, { tags: [name] }));
  const overlay = () => readdirSync(join(daemon.dataRoot, 'overlay2')).filter((entry) => entry.length === 64);
  const before = overlay().sort();
  for (const delay of [20, 80, 200]) {
    const loading = docker.start(['load', '-q', '-i', file]);
    await sleep(delay);
    await daemon.kill();
    await until('the client to end', () => loading.child.exitCode !== null);
    await daemon.start();
    // All of it, or none of it by this name.
    const there = await docker.run(['image', 'inspect', '-f', '{{.Id}}', name]);
    if (there.code === 0) expect(there.stdout.trim()).toBe(imageId(image));
    if (there.code === 0) await docker.ok(['rmi', name]);
  }
  expect(await docker.ok(['load', '-q', '-i', file])).toBe(`Loaded image: ${name}`);
  const sums = await docker.ok(['run', '--rm', name, 'sh', '-c', 'cat /noise-* | sha256sum']);
  expect(sums).toBe(`${createHash('sha256').update(Buffer.concat(noise)).digest('hex')}  -`);
  await docker.ok(['rmi', name]);
  await until('its layers to go', () => overlay().sort().join() === before.join());
  expect(readdirSync(join(daemon.dataRoot, 'overlay2/.minke-staging'))).toEqual([]);
}, 120_000);

test('a daemon that is killed while it starts, again and again, starts', async () => {
  const daemon = new Daemon({ subnet: 91 });
  for (const delay of [5, 20, 50, 100, 150, 200, 300]) {
    daemon.spawn();
    await sleep(delay);
    await daemon.kill();
  }
  await daemon.start();
  expect((await daemon.api.get('/containers/json')).status).toBe(200);
  await daemon.stop();
}, 60_000);
