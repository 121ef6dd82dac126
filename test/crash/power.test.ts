/**
 * The power goes at random moments while images and containers are made, and up to ten seconds later. Whatever a
 * client was answered that nobody could do again must be there; no layer may be damaged; a pull brings back the rest.
 * MINKE_TEST_ROUNDS: each round cuts several times (default: one round).
 */
import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { buildImage, type ImageData, push, sha256 } from '../fixtures/image.ts';
import { sleep, until, workFolder } from '../fixtures/machine.ts';
import { HAS_POWER_SWITCH, PowerDisk } from '../fixtures/power.ts';
import { Registry } from '../fixtures/registry.ts';
import { type TarEntry, tar } from '../fixtures/tar.ts';

const ROUNDS = Math.ceil(Number(process.env['MINKE_TEST_ROUNDS'] ?? 1) / 10);
const CUTS = 3;
/** Writeback begins within this time, so later cuts find nothing that is not on the disk. */
const AFTERMATH_MS = 10_000;

/** What each file of a layer holds: digest by path. */
type LayerFiles = Map<string, string>;

/** Layers by diffID, as they must be on the disk wherever they are at all. */
const expected = new Map<string, LayerFiles>();

function layer(entries: TarEntry[]): Buffer {
  const bytes = tar(entries);
  expected.set(sha256(bytes), digestsOf(entries));
  return bytes;
}

function digestsOf(entries: TarEntry[]): LayerFiles {
  const files: LayerFiles = new Map();
  for (const { name, type, content } of entries) {
    if ((type ?? 'file') === 'file') files.set(name, sha256(Buffer.from(content ?? '')));
  }
  return files;
}

/** Files of all sizes that no compression makes small. */
function noise(name: string, files: number): TarEntry[] {
  let state = createHash('sha256').update(`${name} ${Math.random()}`).digest();
  const bytes = (length: number) => {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; left -= 32) {
      state = createHash('sha256').update(state).digest();
      parts.push(state);
    }
    return Buffer.concat(parts).subarray(0, length);
  };
  return Array.from({ length: files }, (_, n) => ({
    name: `${name}/file-${n}`,
    content: bytes([1, 100, 3_000, 20_000, 120_000][n % 5] ?? 1),
  }));
}

/** One thing that was answered, and how it is seen that it is there. */
interface Promised {
  what: string;
  /** `performance.now()` of the answer. */
  at: number;
  holds: (docker: Client) => Promise<void>;
}

interface Cut {
  image: string;
  /** `performance.now()` before the clone: what was answered by then must be there. */
  at: number;
}

const power = test.skipIf(!HAS_POWER_SWITCH || ENGINE === 'docker');

power(
  'nothing is damaged, and what was answered is there, when the power goes',
  async () => {
    await using closing = new AsyncDisposableStack();
    const registry = await Registry.start();
    closing.defer(() => registry.stop());
    const disk = await PowerDisk.make();
    closing.use(disk);
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await disk.renew();
      const { cuts, promised, reference, second } = await work(disk, registry);
      for (const cut of cuts) {
        await check(disk, cut, { promised, reference, second });
        await disk.forget(cut.image);
      }
    }
  },
  60_000 + ROUNDS * 60_000,
);

/** Clients at work, and the power going from time to time. */
async function work(disk: PowerDisk, registry: Registry) {
  expected.clear();
  const rootfs = busyboxRootfs();
  expected.set(sha256(rootfs), new Map());
  const image = (name: string): ImageData =>
    buildImage({
      layers: [rootfs, ...[0, 1, 2].map((n) => layer(noise(`${name}-${n}`, 100)))],
      config: { Cmd: ['sh', '-c', `cat /${name}-2/file-* | wc -c`] },
    });
  const [first, other] = [image('first'), image('second')];
  await push(registry.address, 'first', '1', first);
  await push(registry.address, 'second', '1', other);
  const [reference, second] = [`${registry.address}/first:1`, `${registry.address}/second:1`];
  const daemon = new Daemon({ dataRoot: disk.dataRoot, subnet: 94 });
  await daemon.start();
  const docker = clientOf(daemon);
  const promised: Promised[] = [];
  const cuts: Cut[] = [];
  const begun = performance.now();
  const cutting = (async () => {
    // One early, when most is under way; the others anywhere.
    const early = Math.random() * 2_500;
    const moments = [early, ...Array.from({ length: CUTS - 1 }, () => Math.random() * AFTERMATH_MS)];
    for (const moment of moments.sort((a, b) => a - b)) {
      await sleep(Math.max(0, begun + moment - performance.now()));
      const at = performance.now();
      cuts.push({ image: await disk.cut(), at });
    }
  })();
  const answered = (what: string, holds: Promised['holds']) =>
    promised.push({ what, at: performance.now(), holds });

  const importing = async () => {
    const files = layer(noise('imported', 40));
    await docker.ok(['import', '-c', 'CMD ["x"]', '-', 'imported:1'], { input: files });
    answered('import', async (after) => {
      expect(await after.ok(['images', '-q', 'imported:1'])).not.toBe('');
    });
  };
  const running = async () => {
    await docker.ok(['pull', '-q', reference]);
    await docker.ok(['create', '--name', 'made', '--network', 'none', '--label', 'a=b', reference]);
    answered('create', async (after) => {
      expect(await after.ok(['inspect', '-f', '{{.State.Status}} {{.Config.Labels.a}}', 'made'])).toBe(
        'created b',
      );
    });
    // What was copied into a container need not be there, what was committed of it must.
    const files = noise('committed', 40);
    await docker.ok(['cp', '-', 'made:/'], { input: tar(files) });
    await docker.ok([
      'commit',
      '-c',
      'CMD ["sh","-c","cat /committed/file-* | wc -c"]',
      'made',
      'committed:1',
    ]);
    answered('commit', async (after) => {
      expect(await after.ok(['images', '-q', 'committed:1'])).not.toBe('');
    });
    const diffIds = await docker.ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', 'committed:1']);
    expected.set((JSON.parse(diffIds) as string[]).at(-1) ?? '', digestsOf(files));
    await docker.ok(['run', '-d', '--name', 'ran', '--network', 'none', reference, 'sleep', '1000']);
    answered('run', async (after) => {
      expect(await after.ok(['inspect', '-f', '{{.State.Status}}', 'ran'])).toMatch(/^(exited|created)$/);
    });
    await docker.ok(['volume', 'create', '--label', 'a=b', 'volume']);
    answered('volume', async (after) => {
      expect(await after.ok(['volume', 'inspect', '-f', '{{.Labels}}', 'volume'])).toBe('map[a:b]');
    });
    await docker.ok(['run', '-d', '--rm', '--network', 'none', reference, 'sleep', '1000']);
    const archive = join(workFolder('archive'), 'image.tar');
    await docker.ok(['save', '-o', archive, reference]);
    await docker.ok(['pull', '-q', second]);
    await docker.ok(['rmi', second]);
    await docker.ok(['tag', 'imported:1', 'tagged:1']);
    answered('tag', async (after) => {
      expect(await after.ok(['images', '-q', 'tagged:1'])).not.toBe('');
    });
    await docker.ok(['pull', '-q', second]);
    await docker.ok(['rm', '-f', 'ran']);
    promised.splice(
      promised.findIndex(({ what }) => what === 'run'),
      1,
    );
    await docker.ok(['load', '-q', '-i', archive]);
    answered('load', async (after) => {
      expect(await after.ok(['run', '--rm', '--network', 'none', reference])).toBe(lengthOf(first));
    });
  };
  await importing();
  await running();
  await cutting;
  const pids = await docker.ok(['ps', '-q']);
  for (const id of pids.split('\n').filter(Boolean)) await docker.run(['rm', '-f', id]);
  await daemon.terminate();
  return { cuts, promised, reference: [reference, first] as const, second: [second, other] as const };
}

type Pulled = readonly [reference: string, image: ImageData];

/** The machine comes up again after a cut. */
async function check(
  disk: PowerDisk,
  cut: Cut,
  { promised, reference, second }: { promised: Promised[]; reference: Pulled; second: Pulled },
): Promise<void> {
  await disk.recover(cut.image);
  // An exec-root that is new, as after a boot.
  const daemon = new Daemon({ dataRoot: disk.dataRoot, subnet: 94 });
  await daemon.start();
  const docker = clientOf(daemon);
  try {
    checkLayers(disk.dataRoot);
    for (const { what, at, holds } of promised) {
      if (at >= cut.at) continue;
      await holds(docker).catch((error: unknown) => {
        throw new Error(`${what}, answered ${Math.round(cut.at - at)} ms before the cut: ${error}`);
      });
    }
    // What was logged may be cut off, and is read all the same.
    const left = (await docker.ok(['ps', '-a', '--format', '{{.Names}}'])).split('\n');
    for (const [name, image] of [reference, second]) {
      await docker.ok(['pull', '-q', name]);
      expect(await docker.ok(['run', '--rm', '--network', 'none', name])).toBe(lengthOf(image));
    }
    checkLayers(disk.dataRoot);
    if (left.includes('made')) expect(await docker.ok(['start', '-a', 'made'])).toBe(lengthOf(reference[1]));
    for (const name of left.filter(Boolean)) {
      await docker.ok(['logs', name]);
      await docker.ok(['rm', '-f', name]);
    }
    for (const id of new Set((await docker.ok(['images', '-q'])).split('\n').filter(Boolean)))
      await docker.ok(['rmi', '-f', id]);
    // The files of removed layers go in the background.
    await until('the garbage to go', () => garbageIn(disk.dataRoot).length === 0).catch(() => {});
    expect(garbageIn(disk.dataRoot)).toEqual([]);
    const log = readFileSync(daemon.logFile, 'utf8').split('\n');
    expect(log.filter((line) => line.includes('level=error'))).toEqual([]);
  } finally {
    await daemon.stop();
  }
}

/** What is in a data-root that has no image and no container. */
function garbageIn(dataRoot: string): string[] {
  const of = (path: string) => readdirSync(join(dataRoot, path)).map((name) => `${path}/${name}`);
  return [
    ...of('overlay2').filter((path) => !/\/(l|\.minke-staging|\.minke-spools)$/.test(path)),
    ...of('overlay2/l'),
    ...of('overlay2/.minke-staging'),
    ...of('overlay2/.minke-spools'),
    ...of('image/overlay2/layerdb/sha256'),
    ...of('image/overlay2/layerdb/mounts'),
    ...of('image/overlay2/layerdb/tmp'),
    ...of('containers'),
  ];
}

/** Every layer on record has every byte that it should. */
function checkLayers(dataRoot: string): void {
  const layerdb = join(dataRoot, 'image/overlay2/layerdb/sha256');
  for (const chain of readdirSync(layerdb)) {
    const read = (name: string) => readFileSync(join(layerdb, chain, name), 'utf8');
    const diff = join(dataRoot, 'overlay2', read('cache-id'), 'diff');
    expect(lstatSync(join(layerdb, chain, 'tar-split.json.gz')).size).toBeGreaterThan(0);
    const files = expected.get(read('diff'));
    if (!files) throw new Error(`a layer that nobody made: ${read('diff')}`);
    for (const [name, digest] of files) {
      if (sha256(readFileSync(join(diff, name))) !== digest) throw new Error(`${diff}/${name} is damaged`);
    }
  }
}

/** What an image of the test prints. */
function lengthOf(image: ImageData): string {
  const diffIds: string[] = JSON.parse(image.blobs[0]?.bytes.toString() ?? '').rootfs.diff_ids;
  const sizes = [1, 100, 3_000, 20_000, 120_000];
  const files = expected.get(diffIds.at(-1) ?? '')?.size ?? 0;
  return String(Array.from({ length: files }, (_, n) => sizes[n % 5] ?? 0).reduce((a, b) => a + b, 0));
}

function clientOf(daemon: Daemon): Client {
  const [cli] = dockerClis();
  if (!cli) throw new Error('no docker CLI: run scripts/setup.sh test');
  return new Client(cli, daemon.host);
}
