/** `docker system df` and `system prune`, on a daemon of their own whose every byte is known. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import { Client, dockerClis } from '../fixtures/cli.ts';
import { Daemon, ENGINE } from '../fixtures/daemon.ts';
import { buildImage, push } from '../fixtures/image.ts';
import { sh } from '../fixtures/machine.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';

const base = busyboxRootfs();
const own = (size: number) => tar([{ name: 'own', content: 'x'.repeat(size) }]);

let daemon: Daemon;
let registry: Registry;
let docker: Client;

interface Row {
  Size: number;
  SharedSize: number;
  Containers: number;
  RepoTags: string[];
  VirtualSize?: number;
}
interface LegacyUsage {
  LayersSize: number;
  Images: Row[];
  Containers: { SizeRw?: number }[];
  Volumes: { Name: string; UsageData: { Size: number; RefCount: number } }[];
}

const df = async <T>(version: string, query = '') =>
  (await daemon.api.get(`/v${version}/system/df${query}`)).json<T>();
const ref = (name: string) => `${registry.address}/${name}:latest`;

beforeAll(async () => {
  [registry, daemon] = await Promise.all([Registry.start(), Daemon.start({ subnet: 94 })]);
  docker = new Client(dockerClis()[0] ?? { name: '', program: 'docker' }, daemon.host);
  for (const [name, size] of [
    ['one', 1_000_000],
    ['two', 3_000_000],
  ] as const) {
    await push(registry.address, name, 'latest', buildImage({ layers: [base, own(size)] }));
    await docker.ok(['pull', '-q', ref(name)]);
  }
  const fill = 'head -c 50000 /dev/zero >/mine; head -c 70000 /dev/zero >/v/file; ln /v/file /v/again';
  await docker.ok([
    'run',
    '--name',
    'box',
    '--network',
    'none',
    '-v',
    'vol:/v',
    ref('one'),
    'sh',
    '-c',
    fill,
  ]);
  await docker.ok(['volume', 'create', 'idle']);
}, 60_000);

afterAll(async () => {
  await daemon?.stop();
  await registry?.stop();
});

describe('docker system df', () => {
  test('sizes add up, shared and unique, and agree with du', async () => {
    const usage = await df<LegacyUsage>('1.41');
    const [one, two] = ['one', 'two'].map((name) =>
      usage.Images.find((row) => row.RepoTags[0] === ref(name)),
    );
    if (!one || !two) throw new Error('an image is missing');
    expect(one.Containers).toBe(1);
    expect(two.Containers).toBe(0);
    expect(one.Size - one.SharedSize).toBe(1_000_000);
    expect(two.Size - two.SharedSize).toBe(3_000_000);
    expect(usage.LayersSize).toBe(one.SharedSize + 4_000_000);
    expect(one.VirtualSize).toBe(one.Size);
    expect(usage.Containers.map(({ SizeRw }) => SizeRw)).toEqual([50_000]);
    expect(
      usage.Volumes.map(({ Name, UsageData }) => [Name, UsageData.Size, UsageData.RefCount]).sort(),
    ).toEqual([
      ['idle', 0, 0],
      ['vol', 70_000, 1],
    ]);
    // Every file and link of the layers' and containers' directories, each inode once. Beside them are only the links
    // that an engine makes for a container (`/etc/mtab`).
    const list = `find ${daemon.dataRoot}/overlay2/*/diff ! -type d ! -type c -printf '%i %s\\n'`;
    const bytes = Number(await sh(`${list} | sort -u | awk '{sum += $2} END {print sum}'`));
    expect(bytes).toBeGreaterThanOrEqual(usage.LayersSize + 50_000);
    expect(bytes).toBeLessThan(usage.LayersSize + 50_100);
  });

  test('as tables, short and verbose', async () => {
    const rows = (
      await docker.ok([
        'system',
        'df',
        '--format',
        '{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}',
      ])
    ).split('\n');
    const { LayersSize, Images } = await df<LegacyUsage>('1.41');
    const mega = (LayersSize / 1e6).toPrecision(4).replace(/\.?0+$/, '');
    expect(Images).toHaveLength(2);
    expect(rows[0]).toStartWith(`Images|2|1|${mega}MB|`);
    expect(rows.slice(1)).toEqual([
      'Containers|1|0|50kB|50kB (100%)',
      'Local Volumes|2|1|70kB|0B (0%)',
      'Build Cache|0|0|0B|0B',
    ]);
    const verbose = await docker.ok(['system', 'df', '-v']);
    expect(verbose).toMatch(
      new RegExp(
        `${ref('two').split(':latest')[0]} +latest +\\w{12} +.* ago +[\\d.]+MB +[\\d.]+MB +3MB +0\n`,
      ),
    );
    expect(verbose).toMatch(/\nvol +1 +70kB\n/);
    expect(verbose).toContain('Build cache usage: 0B');
  });

  test('only the types that were asked for, and an unknown one is refused', async () => {
    if (ENGINE === 'docker') return; // 20.10 knows no types.
    expect(Object.keys(await df('1.50', '?type=volume'))).toEqual(['Volumes']);
    expect(Object.keys(await df('1.50', '?type=image&type=build-cache')).sort()).toEqual([
      ...['BuildCache', 'Images', 'LayersSize'],
    ]);
    const refused = await daemon.api.get('/v1.50/system/df?type=thing');
    expect(refused.status).toBe(400);
    expect(refused.json()).toEqual({ message: 'unknown object type: thing' });
    // Before 1.42 nobody asks for types.
    expect(Object.keys(await df('1.41', '?type=volume'))).toContain('Images');
  });

  test('from API 1.52 on as one object for each kind', async () => {
    if (ENGINE === 'docker') return; // 20.10 ends at 1.41.
    const [one] = (await df<LegacyUsage>('1.41')).Images.filter(({ Containers }) => Containers === 1);
    const both = await df<Record<string, unknown>>('1.52');
    expect(Object.keys(both)).toEqual([
      ...['LayersSize', 'Images', 'Containers', 'Volumes', 'BuildCache'],
      ...['ImageUsage', 'ContainerUsage', 'VolumeUsage', 'BuildCacheUsage'],
    ]);
    const usage = await df<Record<string, Record<string, unknown>>>('1.55', '?verbose=0');
    expect(usage).toEqual({
      ImageUsage: {
        ActiveCount: 1,
        TotalCount: 2,
        TotalSize: both['LayersSize'],
        Reclaimable: 3_000_000,
      } as Record<string, unknown>,
      ContainerUsage: { TotalCount: 1, TotalSize: 50_000, Reclaimable: 50_000 },
      VolumeUsage: { ActiveCount: 1, TotalCount: 2, TotalSize: 70_000 },
      BuildCacheUsage: {},
    });
    expect(one?.Size).toBe((both['LayersSize'] as number) - 3_000_000);
    const verbose = await df<{ ImageUsage: { Items: Row[] } }>('1.55', '?verbose=true&type=image');
    expect(Object.keys(verbose)).toEqual(['ImageUsage']);
    expect(verbose.ImageUsage.Items).toHaveLength(2);
    expect(verbose.ImageUsage.Items[0]).not.toHaveProperty('VirtualSize');
    const bad = await daemon.api.get('/v1.52/system/df?verbose=maybe');
    expect(bad.json()).toEqual({ message: 'invalid value for verbose: maybe' });
  });
});

describe('prune', () => {
  test('of networks and of the build cache: there is none to remove', async () => {
    expect(await docker.ok(['network', 'prune', '-f'])).toBe('');
    expect((await daemon.api.post('/v1.41/networks/prune')).text).toBe('{"NetworksDeleted":null}\n');
    expect((await daemon.api.post('/v1.41/build/prune')).text).toBe(
      '{"CachesDeleted":null,"SpaceReclaimed":0}\n',
    );
    const bad = await daemon.api.post('/v1.41/build/prune?keep-storage=x');
    expect(bad.json()).toEqual({
      message:
        'keep-storage is in bytes and expects an integer, got x: strconv.Atoi: parsing "x": invalid syntax',
    });
    for (const noun of ['networks', 'build', 'images']) {
      const filters = encodeURIComponent('{"color":{"blue":true}}');
      const answer = await daemon.api.post(`/v1.41/${noun}/prune?filters=${filters}`);
      expect(answer.text).toMatch(/nvalid filter 'color'/);
    }
  });

  test('system prune asks, then takes what is not used and says how much that was', async () => {
    const asked = await docker.run(['system', 'prune', '-a', '--volumes'], { input: 'n\n' });
    expect(asked.stdout).toContain('all images without at least one container associated to them');
    expect((await df<LegacyUsage>('1.41')).Images).toHaveLength(2);
    await docker.ok([
      'run',
      '--name',
      'anon',
      '--network',
      'none',
      '-v',
      '/anon',
      ref('one'),
      'cp',
      '/own',
      '/anon/',
    ]);
    const said = await docker.ok(['system', 'prune', '-f', '--volumes', '-a']);
    expect(said).toMatch(/^Deleted Containers:\n/);
    expect(said).toContain('Deleted Volumes:\n');
    expect(said).toContain(`untagged: ${ref('two')}`);
    const { LayersSize, Images, Containers } = await df<LegacyUsage>('1.41');
    expect([LayersSize, Images, Containers]).toEqual([0, [], []]);
    const total = /Total reclaimed space: ([\d.]+)MB/.exec(said)?.[1];
    const overlay = base.length; // about the size of the base layer
    expect(Number(total)).toBeGreaterThan(5 + (overlay / 1e6) * 0.9);
  });
});
