import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { MEDIA, type PackedLayer, packedImage, push } from '../fixtures/image.ts';
import { until, workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';

/** The soak makes them as large as the goal names them: 4 GB of zeros, 200,000 files. */
const FULL = process.env['MINKE_TEST_SCALE'] === 'full';
const MB = 1 << 20;
const END = 1024;

/** A layer packed as one gzip member a part, so that it is never whole in this process's memory. */
function pack(parts: Iterable<Buffer>): PackedLayer {
  const diff = createHash('sha256');
  const packed: Buffer[] = [];
  let last: Buffer | undefined;
  let member: Buffer | undefined;
  for (const part of parts) {
    diff.update(part);
    if (part !== last) member = gzipSync(part, { level: 1 });
    last = part;
    packed.push(member ?? Buffer.alloc(0));
  }
  return {
    packed: Buffer.concat(packed),
    diffId: `sha256:${diff.digest('hex')}`,
    mediaType: MEDIA.ociLayerGzip,
  };
}

function* zeros(megabytes: number): Generator<Buffer> {
  const header = Buffer.from(tar([{ name: 'zeros' }]).subarray(0, 512));
  // The size and the checksum of a header that the fixture would want in memory whole.
  header.write(`${(megabytes * MB).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('        ', 148, 'latin1');
  const sum = header.reduce((total, value) => total + value, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  yield header;
  const block = Buffer.alloc(16 * MB);
  for (let done = 0; done < megabytes; done += 16) yield block;
  yield Buffer.alloc(END);
}

function* smallFiles(count: number): Generator<Buffer> {
  for (let from = 0; from < count; from += 1000) {
    const files = Array.from({ length: 1000 }, (_, n) => ({
      name: `d${from / 1000}/file-${n}`,
      content: `${from + n}`,
    }));
    yield tar([{ name: `d${from / 1000}`, type: 'dir' }, ...files]).subarray(0, -END);
  }
  yield Buffer.alloc(END);
}

function statusOf(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

test.each([
  ['zeros, thousandfold compressed', () => pack(zeros(FULL ? 4096 : 192))],
  ['small files', () => pack(smallFiles(FULL ? 200_000 : 4_000))],
])(
  'pull, save, load and push need little memory whatever the layer: %s',
  async (_name, make) => {
    if (ENGINE === 'docker') return;
    const { daemon, registry, docker } = await engine();
    const name = uniqueName('memory');
    await push(registry.address, name, 'latest', packedImage([make()], {}));
    const reference = `${registry.address}/${name}`;
    const file = join(workFolder('memory'), 'saved.tar');
    // One that has seen none of it, so that all of it is sent.
    const elsewhere = await Registry.start();
    const pushed = `${elsewhere.address}/${name}`;
    const peaks: Record<string, number> = {};
    const measured = async (verb: string, ...args: string[]) => {
      const before = statusOf(daemon.pid, 'VmRSS');
      // Spec: proc_pid_clear_refs(5): 5 sets the peak back to what is resident now.
      writeFileSync(`/proc/${daemon.pid}/clear_refs`, '5');
      await docker.ok([verb, ...args], { timeout: 600_000 });
      peaks[verb] = Math.round(statusOf(daemon.pid, 'VmHWM') - before);
    };
    try {
      await measured('pull', '-q', reference);
      await measured('save', '-o', file, reference);
      await docker.ok(['rmi', reference], { timeout: 600_000 });
      await measured('load', '-q', '-i', file);
      await docker.ok(['tag', reference, pushed]);
      await measured('push', '-q', pushed);
      await docker.ok(['rmi', reference, pushed], { timeout: 600_000 });
    } finally {
      rmSync(file, { force: true });
      await elsewhere.stop();
    }
    if (FULL) console.log(`peaks above idle, MB: ${JSON.stringify(peaks)}`);
    for (const [verb, peak] of Object.entries(peaks)) {
      expect([verb, peak < 150 ? 'little' : `${peak} MB`]).toEqual([verb, 'little']);
    }
  },
  1_500_000,
);

test('memory comes back when the work is over', async () => {
  if (ENGINE === 'docker') return;
  const { daemon, registry, docker } = await engine();
  const name = uniqueName('memory');
  await push(registry.address, name, 'latest', packedImage([pack(smallFiles(2000))], {}));
  await docker.ok(['pull', '-q', `${registry.address}/${name}`]);
  const threads = () =>
    Number(/^Threads:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]);
  const busy = threads();
  await until('the stage workers to end', () => threads() < busy, 40_000);
}, 60_000);
