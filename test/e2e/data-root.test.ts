/** One data-root under both engines in turn: Debian's dockerd 20.10 and Minke. */
import { expect } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { busyboxRootfs } from '../fixtures/busybox.ts';
import type { Client } from '../fixtures/cli.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { dockerd, endDockerd } from '../fixtures/dockerd.ts';
import { buildImage, imageId, MEDIA, push, sha256 } from '../fixtures/image.ts';
import { run, sh, workFolder } from '../fixtures/machine.ts';
import { Registry } from '../fixtures/registry.ts';
import { tar } from '../fixtures/tar.ts';
import { both, clientOf } from '../fixtures/two-engines.ts';

async function imagesOf(docker: Client): Promise<string[]> {
  const rows = await docker.ok([
    'images',
    '-a',
    '--no-trunc',
    '--format',
    '{{.Repository}}:{{.Tag}} {{.ID}}',
  ]);
  return rows.split('\n').sort();
}

/** Fills a data-root with all that Docker keeps in one. */
async function fill(docker: Client, folder: string): Promise<void> {
  const context = join(folder, 'context');
  mkdirSync(context);
  await docker.ok(['import', '-', 'base:1'], { input: busyboxRootfs() });
  writeFileSync(join(context, 'Dockerfile'), 'FROM base:1\nRUN echo built > /built\nCMD cat /built\n');
  await docker.ok(['build', '-t', 'classic:1', context], { env: { DOCKER_BUILDKIT: '0' }, timeout: 60_000 });
  writeFileSync(join(context, 'Dockerfile'), buildkitFile);
  await docker.ok(['build', '-t', 'buildkit:1', context], { env: { DOCKER_BUILDKIT: '1' }, timeout: 60_000 });
  await docker.ok(['volume', 'create', '--label', 'who=docker', 'labelled']);
  await docker.ok(['network', 'create', '--label', 'of=docker', '--subnet', '10.88.7.0/24', 'own']);
  const script = 'echo first; echo mine > /mine; echo kept > /v/kept; sleep 1000';
  await docker.ok([
    'run',
    '-d',
    '--name',
    'worker',
    '-v',
    'labelled:/v',
    '-e',
    'A=b',
    'base:1',
    'sh',
    '-c',
    script,
  ]);
  await docker.run(['run', '--name', 'three', 'base:1', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
  // Logs of another format than json-file: rotated and compressed ones, and the cache of a driver that sends.
  const local = ['--log-driver', 'local', '--log-opt', 'max-size=40k'];
  await docker.ok(['run', '--name', 'local', ...local, 'base:1', 'seq', '1', '1500']);
  const sent = ['--log-driver', 'gelf', '--log-opt', 'gelf-address=udp://127.0.0.1:9'];
  await docker.ok(['run', '--name', 'sent', ...sent, 'base:1', 'echo', 'cached']);
  await docker.ok(['create', '--name', 'fresh', '--network', 'own', 'base:1', 'ip', 'addr']);
  await docker.ok(['create', '--name', 'nameless', '-v', '/data', 'base:1', 'true']);
  await docker.ok(['stop', '-t', '0', 'worker']);
}

const buildkitFile = [
  'FROM base:1 AS one',
  'RUN echo one > /one',
  'FROM base:1',
  'COPY --from=one /one /copied',
  'RUN echo kit > /kit',
  'CMD cat /kit /copied',
].join('\n');

both(
  'a data-root of Docker opens in Minke, and in Docker again',
  async () => {
    const folder = workFolder('both');
    const dataRoot = join(folder, 'data');
    const docker20 = dockerd({ dataRoot, subnet: 92 });
    let docker = clientOf(docker20);
    await docker20.start();
    await fill(docker, folder);
    const images = await imagesOf(docker);
    const networkId = await docker.ok(['network', 'inspect', '-f', '{{.Id}}', 'own']);
    const hostId = await docker.ok(['network', 'inspect', '-f', '{{.Id}}', 'host']);
    const asSeen =
      '{{.Name}} {{.Image}} {{.State.Status}} {{.State.ExitCode}} {{.State.StartedAt}} {{.State.FinishedAt}} {{.Config.Env}} {{.Args}} {{.Created}}';
    const names = ['worker', 'three', 'fresh', 'nameless', 'local', 'sent'];
    const seen = await docker.ok(['inspect', '-f', asSeen, ...names]);
    const threeId = await docker.ok(['inspect', '-f', '{{.Id}}', 'three']);
    await endDockerd(docker20);
    const strangers = await strangersIn(dataRoot);
    expect(strangers).not.toEqual([]);
    const record = join(dataRoot, 'containers', threeId, 'config.v2.json');
    const json = JSON.parse(readFileSync(record, 'utf8'));
    writeFileSync(
      record,
      JSON.stringify({ ...json, Future: { x: 1 }, State: { ...json.State, Later: 'y' } }),
    );

    const minke = new Daemon({ dataRoot, subnet: 92 });
    await minke.start();
    docker = clientOf(minke);
    expect(await imagesOf(docker)).toEqual(images);
    expect(await docker.ok(['inspect', '-f', asSeen, ...names])).toBe(seen);
    expect(await docker.ok(['run', '--rm', 'classic:1'])).toBe('built');
    expect(await docker.ok(['run', '--rm', 'buildkit:1'])).toBe('kit\none');
    await givenOn(docker, folder, ['classic:1', 'buildkit:1']);
    expect(await docker.ok(['logs', 'worker'])).toBe('first');
    expect(await docker.run(['logs', 'three'])).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
    const numbers = Array.from({ length: 1500 }, (_, i) => `${i + 1}`).join('\n');
    expect(await docker.ok(['logs', 'local'])).toBe(numbers);
    expect(await docker.ok(['logs', '--tail', '1000', 'local'])).toBe(
      numbers.split('\n').slice(500).join('\n'),
    );
    expect(await docker.ok(['logs', 'sent'])).toBe('cached');
    for (const name of ['local', 'sent']) await docker.ok(['start', '-a', name]);
    await docker.ok(['start', 'worker']);
    expect(await docker.ok(['logs', 'worker'])).toBe('first\nfirst');
    expect((await docker.run(['start', '-a', 'three'])).code).toBe(3);
    expect(await docker.ok(['start', '-a', 'fresh'])).toContain('inet 10.88.7.');
    expect(await docker.ok(['volume', 'inspect', '-f', '{{.Labels}}', 'labelled'])).toBe('map[who:docker]');
    expect(
      await docker.ok([
        'network',
        'inspect',
        '-f',
        '{{.Id}} {{.Labels}} {{(index .IPAM.Config 0).Subnet}}',
        'own',
      ]),
    ).toBe(`${networkId} map[of:docker] 10.88.7.0/24`);
    expect(await docker.ok(['network', 'inspect', '-f', '{{.Id}}', 'host'])).toBe(hostId);
    // What stays: a volume with a name.
    await docker.ok(['rm', '-v', 'nameless']);
    expect(await docker.ok(['volume', 'ls', '-q'])).toBe('labelled');
    await docker.ok(['volume', 'create', '--label', 'who=minke', 'later']);
    const write = 'echo by minke > /w; echo too > /v/too';
    await docker.ok(['run', '--name', 'writer', '-v', 'later:/v', 'classic:1', 'sh', '-c', write]);
    await docker.ok(['stop', '-t', '0', 'worker']);
    expect(await minke.terminate()).toBe(0);
    expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject({
      Future: { x: 1 },
      State: { Later: 'y' },
    });
    const after = readdirSync(join(dataRoot, 'overlay2'));
    expect(after).toEqual(expect.arrayContaining(strangers));

    await docker20.start();
    docker = clientOf(docker20);
    expect(await imagesOf(docker)).toEqual(images);
    expect(await docker.ok(['ps', '-a', '--format', '{{.Names}} {{.Status}} {{.Ports}}'])).toMatch(
      /^writer Exited \(0\).*\nfresh Exited \(0\).*\nsent Exited \(0\).*\nlocal Exited \(0\).*\nthree Exited \(3\).*\nworker Exited \(137\).*$/,
    );
    expect(await docker.ok(['volume', 'inspect', '-f', '{{.Name}} {{.Labels}}', 'labelled', 'later'])).toBe(
      'labelled map[who:docker]\nlater map[who:minke]',
    );
    expect(await docker.ok(['network', 'inspect', '-f', '{{.Id}}', 'own'])).toBe(networkId);
    expect(await docker.ok(['network', 'inspect', '-f', '{{.Id}}', 'host'])).toBe(hostId);
    await docker.ok(['start', 'worker']);
    const twice = `${numbers}\n${numbers}`;
    expect(await docker.ok(['logs', 'local'])).toBe(twice);
    expect(await docker.ok(['logs', 'sent'])).toBe('cached\ncached');
    expect(await docker.ok(['start', '-a', 'local'])).toBe(numbers);
    expect(await docker.ok(['logs', 'local'])).toBe(`${twice}\n${numbers}`);
    expect(await docker.ok(['exec', 'worker', 'cat', '/mine', '/v/kept'])).toBe('mine\nkept');
    expect(await docker.ok(['run', '--rm', '--volumes-from', 'writer', 'base:1', 'cat', '/v/too'])).toBe(
      'too',
    );
    expect(await docker.ok(['start', '-a', 'writer'])).toBe('');
    expect(await docker.ok(['start', '-a', 'fresh'])).toContain('inet 10.88.7.');
    // BuildKit's own directories are there, so its cache holds.
    const again = await docker.run(['build', '--progress', 'plain', '-t', 'again', join(folder, 'context')], {
      env: { DOCKER_BUILDKIT: '1' },
      timeout: 60_000,
    });
    expect(again.code).toBe(0);
    expect(again.stderr.match(/CACHED/g)?.length).toBe(3);
    // The name of a volume outlives `rm -v`, as it does with Docker's own.
    await docker.ok(['rm', '-f', '-v', 'worker', 'writer', 'three', 'fresh', 'local', 'sent']);
    expect(await docker.ok(['volume', 'ls', '-q'])).toBe('labelled\nlater');
    expect(await docker.ok(['rmi', 'again', 'buildkit:1', 'classic:1', 'base:1'])).toContain('Deleted');
    await endDockerd(docker20);
  },
  120_000,
);

/** Saves and pushes images whose layers Docker has unpacked: same ids, and each layer bit by bit. */
async function givenOn(docker: Client, folder: string, images: string[]): Promise<void> {
  const inspected = JSON.parse(await docker.ok(['image', 'inspect', ...images])) as {
    Id: string;
    RootFS: { Layers: string[] };
  }[];
  const diffIds = inspected.map(({ RootFS }) => RootFS.Layers);
  await docker.ok(['save', '-o', join(folder, 'out.tar'), ...images]);
  await sh('mkdir out && tar -C out -xf out.tar', { cwd: folder });
  const bytes = (name: string) => readFileSync(join(folder, 'out', name));
  const saved = JSON.parse(String(bytes('manifest.json'))) as { Config: string; Layers: string[] }[];
  expect(saved.map(({ Config }) => sha256(bytes(Config)))).toEqual(inspected.map(({ Id }) => Id));
  expect(saved.map(({ Layers }) => Layers.map((name) => sha256(bytes(name))))).toEqual(diffIds);
  const registry = await Registry.start();
  try {
    for (const [index, image] of images.entries()) {
      const name = `${registry.address}/${image}`;
      await docker.ok(['tag', image, name]);
      await docker.ok(['push', '-q', name]);
      await docker.ok(['rmi', name]);
      const path = `http://${registry.address}/v2/${image.replace(':1', '')}`;
      const manifest = await fetch(`${path}/manifests/1`, { headers: { accept: MEDIA.dockerManifest } });
      const { config, layers } = (await manifest.json()) as { config: Blob; layers: Blob[] };
      expect(config.digest).toBe(inspected[index]?.Id as string);
      const blobs = layers.map(
        async ({ digest }) => await (await fetch(`${path}/blobs/${digest}`)).arrayBuffer(),
      );
      expect((await Promise.all(blobs)).map((blob) => sha256(gunzipSync(blob)))).toEqual(
        diffIds[index] ?? [],
      );
    }
  } finally {
    await registry.stop();
  }
}

interface Blob {
  digest: string;
}

/** Directories of `overlay2/` that belong to no image and no container: BuildKit's. */
async function strangersIn(dataRoot: string): Promise<string[]> {
  const layerdb = join(dataRoot, 'image/overlay2/layerdb');
  const known = await sh(`cd ${layerdb} && for f in sha256/*/cache-id mounts/*/*-id; do cat $f; echo; done`);
  return readdirSync(join(dataRoot, 'overlay2')).filter(
    (name) => name !== 'l' && !known.split('\n').includes(name),
  );
}

both(
  'a data-root of Minke opens in Docker, layers bit by bit',
  async () => {
    const folder = workFolder('fresh');
    const dataRoot = join(folder, 'data');
    await using closing = new AsyncDisposableStack();
    const registry = await Registry.start();
    closing.defer(() => registry.stop());
    const layers = [
      busyboxRootfs([
        { name: 'etc/doomed', content: 'x' },
        { name: 'opt', type: 'dir' },
        { name: 'opt/old', content: 'old' },
      ]),
      tar([
        { name: 'etc/.wh.doomed', content: '' },
        { name: 'opt', type: 'dir' },
        { name: 'opt/.wh..wh..opq', content: '' },
        { name: 'opt/new', content: 'new', mode: 0o4755 },
      ]),
      tar([{ name: 'srv/implied', content: 'i' }]),
    ];
    const image = buildImage({ layers, config: { Cmd: ['ls', '/opt', '/etc/doomed'] } });
    await push(registry.address, 'pulled', '1', image);
    const reference = `${registry.address}/pulled:1`;
    const minke = new Daemon({ dataRoot, subnet: 92 });
    await minke.start();
    let docker = clientOf(minke);
    await docker.ok(['pull', '-q', reference]);
    await docker.ok(['import', '-', 'imported:1'], { input: busyboxRootfs() });
    await docker.ok(['volume', 'create', '--label', 'a=b', 'named']);
    const script = 'echo log; echo v > /v/file; echo w > /opt/written; rm /etc/group; exit 5';
    await docker.run([
      'run',
      '--name',
      'ran',
      '-v',
      'named:/v',
      '-v',
      '/anonymous',
      '-p',
      '80',
      reference,
      'sh',
      '-c',
      script,
    ]);
    await docker.ok([
      'create',
      '--name',
      'waits',
      '--network',
      'none',
      '--init=false',
      'imported:1',
      'echo',
      'hi',
    ]);
    const images = await imagesOf(docker);
    const hostId = await docker.ok(['network', 'inspect', '-f', '{{.Id}}', 'host']);
    expect(await minke.terminate()).toBe(0);

    const docker20 = dockerd({ dataRoot, subnet: 92 });
    await docker20.start();
    docker = clientOf(docker20);
    expect(await imagesOf(docker)).toEqual(images);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Id}}', reference])).toBe(imageId(image));
    const listed = await docker.run(['run', '--rm', reference]);
    expect(listed.stdout).toBe('/opt:\nnew\n');
    expect(listed.stderr).toContain('/etc/doomed: No such file');
    expect(await docker.ok(['ps', '-a', '--format', '{{.Names}} {{.Status}}|{{.Ports}}'])).toMatch(
      /^waits Created\|\nran Exited \(5\) [^|]*\|$/,
    );
    expect(await docker.ok(['logs', 'ran'])).toBe('log');
    expect(await docker.ok(['diff', 'ran'])).toContain('D /etc/group');
    expect((await docker.run(['start', '-a', 'ran'])).code).toBe(5);
    expect(await docker.ok(['start', '-a', 'waits'])).toBe('hi');
    expect(await docker.ok(['volume', 'inspect', '-f', '{{.Labels}}', 'named'])).toBe('map[a:b]');
    expect(await docker.ok(['network', 'inspect', '-f', '{{.Id}}', 'host'])).toBe(hostId);
    // Each layer comes out of Docker as it went into Minke.
    await docker.ok(['save', '-o', join(folder, 'saved.tar'), reference]);
    await sh(`mkdir saved && tar -C saved -xf saved.tar`, { cwd: folder });
    const [{ Layers }] = JSON.parse(readFileSync(join(folder, 'saved/manifest.json'), 'utf8'));
    expect(Layers.map((name: string) => sha256(readFileSync(join(folder, 'saved', name))))).toEqual(
      layers.map(sha256),
    );
    await docker.ok(['rm', '-v', 'ran', 'waits']);
    expect(await docker.ok(['volume', 'ls', '-q'])).toBe('named');
    await docker.ok(['rmi', reference, 'imported:1']);
    expect(readdirSync(join(dataRoot, 'overlay2')).filter((name) => /^[0-9a-f]{64}/.test(name))).toEqual([]);
    await endDockerd(docker20);
  },
  120_000,
);

both(
  'a data-root is refused while Docker, or a container of it, is alive; and the other way round',
  async () => {
    const folder = workFolder('taken');
    const dataRoot = join(folder, 'data');
    const docker20 = dockerd({ dataRoot, subnet: 92 });
    await docker20.start();
    const docker = clientOf(docker20);
    await docker.ok(['import', '-', 'base:1'], { input: busyboxRootfs() });
    await docker.ok(['run', '-d', '--name', 'alive', '--network', 'none', 'base:1', 'sleep', '1000']);
    const tryMinke = async () => {
      const result = await run(join(import.meta.dirname, '../../bin/minked'), [
        ...['--data-root', dataRoot, '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
        ...['-H', `unix://${join(folder, 'sock')}`, '--config-file', '/dev/null'],
      ]);
      return [result.code, result.stderr];
    };
    expect(await tryMinke()).toEqual([
      1,
      expect.stringContaining(`a Docker daemon runs on the data-root ${dataRoot}: stop it first`),
    ]);
    await docker20.kill();
    const pid = Number(
      await sh(`cat ${dataRoot}/containers/*/config.v2.json | grep -o '"Pid":[0-9]*' | cut -d: -f2`),
    );
    expect(pid).toBeGreaterThan(1);
    expect(await tryMinke()).toEqual([
      1,
      expect.stringContaining(
        `container alive of Docker still runs on the data-root ${dataRoot} (process ${pid})`,
      ),
    ]);
    // All that is left of it: the program, and its parent, containerd's shim.
    const shim = Number(await sh(`cut -d' ' -f4 /proc/${pid}/stat`));
    for (const one of [pid, shim]) process.kill(one, 'SIGKILL');
    await endDockerd(docker20);

    const minke = new Daemon({ dataRoot, subnet: 92 });
    await minke.start();
    expect(await clientOf(minke).ok(['ps', '-a', '--format', '{{.Names}} {{.Status}}'])).toMatch(
      /^alive Exited \(255\)/,
    );
    const second = new Daemon({ dataRoot, subnet: 93 });
    await expect(second.start()).rejects.toThrow(`another daemon runs on the data-root ${dataRoot}`);
    docker20.spawn();
    expect(await docker20.ended()).not.toBe(0);
    expect(docker20.logTail()).toContain('error while opening volume store metadata database');
    await docker20.halt();
    await minke.stop();
    await endDockerd(docker20);
  },
  120_000,
);
