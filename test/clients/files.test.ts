/** `cp`, `diff`, `export` and `commit` by the newest docker CLI and by our own: with the same result. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cli, Client, dockerClis, MINKE_CLI } from '../fixtures/cli.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { workFolder } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { untar } from '../fixtures/untar.ts';

const clients = [...dockerClis().slice(0, 1), ...(ENGINE === 'docker' ? [] : [MINKE_CLI])];
const box = uniqueName('files');
const SCRIPT = [
  'mkdir -p /srv/tree/sub /srv/tree/empty; echo one >/srv/tree/one; echo two >/srv/tree/sub/two; ln -s tree /srv/link',
  'ln -s ../one /srv/tree/sub/up; ln -s /srv/tree/one /srv/abs; ln /srv/tree/one /srv/tree/hard; mkfifo /srv/tree/fifo',
  'chmod 4711 /srv/tree/one; chmod 1777 /srv/tree/empty; touch -d "2001-02-03 04:05:06" /srv/tree/sub/two',
].join('; ');
let folder: string;

beforeAll(async () => {
  const { docker, busybox } = await engine();
  folder = workFolder('files');
  await docker.ok(['run', '--name', box, busybox, 'sh', '-c', SCRIPT]);
});
afterAll(async () => {
  await (await engine()).docker.run(['rm', '-f', box]);
});

const client = async ({ name, program }: Cli) =>
  new Client({ name, program }, (await engine()).daemon.host, { TZ: 'UTC' });

/** What each client does, as text; all must do the same. */
async function alike(run: (cli: Client) => Promise<unknown>): Promise<void> {
  const seen = [];
  for (const program of clients) seen.push(await run(await client(program)));
  for (const one of seen.slice(1)) expect(one).toEqual(seen[0]);
}

const TIMES = '%y %m %s %l %TY-%Tm-%Td %TH:%TM %p\\n';
function listing(at: string, format: string): string {
  return execFileSync('sh', ['-c', `find . -printf '${format}' | sort -k5`], { cwd: at, encoding: 'utf8' });
}

/** Exit code and words, but for the log lines that docker's own copying may leave. */
async function outcome(cli: Client, args: string[], home: string): Promise<string> {
  const { code, stdout, stderr } = await cli.run(args);
  return `${code} ${stdout}${stderr.replace(/^time=.*\n/gm, '')}`.replaceAll(home, 'HOME');
}

test('copies out of a container make the same files', async () => {
  await alike(async (cli) => {
    const home = join(folder, uniqueName());
    mkdirSync(join(home, 'there/folder'), { recursive: true });
    writeFileSync(join(home, 'there/file'), 'before');
    symlinkSync('folder', join(home, 'there/link'));
    const cp = (from: string, to: string, ...flags: string[]) =>
      outcome(cli, ['cp', ...flags, `${box}:${from}`, `${home}/there/${to}`], home);
    const said = [
      await cp('/srv/tree', 'new'),
      await cp('/srv/tree', 'folder'),
      await cp('/srv/tree/', 'folder/slash'),
      await cp('/srv/tree/.', 'content'),
      await cp('/srv/tree/one', 'file'),
      await cp('/srv/tree/one', 'link'),
      await cp('/srv/link', 'a-link'),
      await cp('/srv/link/', 'by-slash'),
      await cp('/srv/link', 'followed', '-L'),
      await cp('/srv/abs', 'followed-file', '-L'),
      await cp('/srv/link', 'folder', '-L'),
      await cp('/srv/tree', 'file'),
      await cp('/srv/tree/one', 'none/x'),
      await cp('/srv/tree/one', 'none/'),
      await cp('/srv/nothing', 'x'),
    ];
    return [
      said,
      listing(home, TIMES.replace('%s ', '').replace(' %TY-%Tm-%Td %TH:%TM', '')),
      listing(`${home}/there/new/sub`, TIMES),
    ];
  });
}, 60_000);

test('copies into a container make the same files', async () => {
  const { docker, busybox } = await engine();
  await alike(async (cli) => {
    const home = join(folder, uniqueName());
    mkdirSync(join(home, 'tree/sub'), { recursive: true });
    writeFileSync(join(home, 'tree/one'), 'one', { mode: 0o640 });
    writeFileSync(join(home, 'tree/sub/two'), 'two');
    symlinkSync('tree', join(home, 'link'));
    symlinkSync('tree/one', join(home, 'to-file'));
    const id = uniqueName();
    const root = `/in/${id}`;
    await cli.ok([
      'create',
      '--name',
      id,
      busybox,
      'sh',
      '-c',
      `cd ${root}; find . | sort; ls -lR . | grep -v total`,
    ]);
    const cp = async (from: string, to: string, ...flags: string[]) =>
      (await outcome(cli, ['cp', ...flags, `${home}/${from}`, `${id}:${root}${to}`], home)).replaceAll(
        id,
        'ID',
      );
    await cli.ok(['cp', `${home}/tree/sub`, `${id}:/in`]);
    const said = [
      await cp('tree', ''),
      await cp('tree', ''),
      await cp('tree/.', '/sub'),
      await cp('tree/one', '/renamed'),
      await cp('tree/one', '/renamed'),
      await cp('link', '/a-link'),
      await cp('link/', '/by-slash'),
      await cp('link', '/followed', '-L'),
      await cp('to-file', '/followed-file', '-L', '-a'),
      await cp('tree', '/renamed'),
      await cp('tree/one', '/none/x'),
      await cp('tree/one', '/none/'),
      await cp('nothing', '/x'),
    ];
    // -L of each client: names by `ls`, whose times are not the same.
    const made = (await docker.ok(['start', '-a', id])).replaceAll(/\w{3} +\d+ +[\d:]+/g, 'TIME');
    const members = untar(readFileSync(await exported(cli, id))).filter(({ name }) => name.startsWith('in/'));
    await docker.run(['rm', '-f', id]);
    return [
      said,
      made,
      members.map(({ mtime: _, ...rest }) => ({ ...rest, name: rest.name.replaceAll(id, 'ID') })),
    ];
  });
}, 60_000);

async function exported(cli: Client, id: string): Promise<string> {
  const file = join(folder, uniqueName());
  await cli.ok(['export', '-o', file, id]);
  return file;
}

test('archives, changes and images are the same', async () => {
  const { docker, daemon } = await engine();
  await alike(async (cli) => {
    const archive = join(folder, uniqueName());
    const shell = (script: string) =>
      execFileSync('sh', ['-c', script, cli.cli.program, box, archive], {
        env: { ...process.env, DOCKER_HOST: daemon.host, MINKE_HOST: daemon.host },
        encoding: 'utf8',
      });
    shell('"$0" cp "$1":/srv/tree - >"$2"');
    const id = await cli.ok(['create', (await engine()).busybox, 'true']);
    shell(`"$0" cp - ${id}:/www <"$2"`);
    const members = untar(readFileSync(await exported(cli, id))).filter(({ name }) =>
      name.startsWith('www/'),
    );
    await docker.run(['rm', id]);
    const name = uniqueName('by');
    const image = await cli.ok([
      'commit',
      '-a',
      'me',
      '-m',
      'text',
      '-c',
      'CMD ["cat","/srv/tree/one"]',
      box,
      name,
    ]);
    const told = await docker.ok([
      'image',
      'inspect',
      '-f',
      '{{.Author}} {{.Comment}} {{.Config.Cmd}}',
      name,
    ]);
    expect(await docker.ok(['run', '--rm', image])).toBe('one');
    await docker.ok(['rmi', name]);
    const kept = members.filter(({ name }) => name !== 'www/');
    return [kept, await cli.ok(['diff', box]).then((text) => text.split('\n').sort()), told];
  });
}, 60_000);
