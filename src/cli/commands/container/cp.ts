import { FILE_MODE } from '../../../client/mod.ts';
import type { Cli } from '../../cli.ts';
import { type Command, exactly } from '../../command.ts';
import { localTar } from '../../copy/local-tar.ts';
import { localUntar } from '../../copy/local-untar.ts';
import {
  type CopyEnd,
  checkOutputPath,
  localDestination,
  localPath,
  localSource,
  planCopy,
  rebased,
  splitArgument,
  splitPath,
} from '../../copy/paths.ts';
import { CopyProgress } from '../../copy/progress.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { nodePath } from '../../lazy-node.ts';
import { inputFile } from '../../session/input-file.ts';

interface Options {
  archive: Flag<boolean>;
  followLink: Flag<boolean>;
  quiet: Flag<boolean>;
}

export const cp: Command<Options> = {
  operands: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tminke cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  summary: 'Copy files between a container and this machine; - is an archive on standard input or output',
  arity: exactly(2),
  aliases: ['container cp', 'cp'],
  flags: (flags) => ({
    archive: flags.bool('archive', { short: 'a', usage: 'All becomes the user of the container' }),
    followLink: flags.bool('follow-link', { short: 'L', usage: 'Copy what a link leads to' }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'Show no progress; none is shown without a terminal' }),
  }),
  async run(cli, options, [from = '', to = '']) {
    if (from === '') throw new Error('source can not be empty');
    if (to === '') throw new Error('destination can not be empty');
    const quiet = options.quiet.changed ? options.quiet.value : !cli.stdout.isTerminal;
    const source = splitArgument(from);
    const destination = splitArgument(to);
    if (source.container && destination.container)
      throw new Error('copying between containers is not supported');
    if (source.container) await download(cli, source, destination.path, { ...values(options), quiet });
    else if (destination.container)
      await upload(cli, source.path, destination, { ...values(options), quiet });
    else throw new Error('must specify at least one container source');
    return 0;
  },
};

interface Values {
  followLink: boolean;
  asUser: boolean;
  quiet: boolean;
}

function values({ archive, followLink }: Options): Omit<Values, 'quiet'> {
  return { asUser: archive.value, followLink: followLink.value };
}

async function download(
  cli: Cli,
  asked: { container: string; path: string },
  to: string,
  { followLink, quiet }: Values,
): Promise<void> {
  const { files } = cli.engine;
  const { container } = asked;
  const destination = to === '-' ? to : localPath(to);
  checkOutputPath(destination);
  const { path, rebase } = followLink ? await followed(cli, asked) : { path: asked.path, rebase: '' };
  const { stat, archive } = await files.get(container, path);
  if (destination === '-') {
    for await (const piece of archive) await cli.stdout.stream(piece);
    return;
  }
  const source: CopyEnd = { path, exists: true, isDirectory: is(stat.mode, FILE_MODE.directory), rebase };
  const progress = quiet ? undefined : new CopyProgress(cli.stderr, 'Copying from container - ');
  try {
    const plan = planCopy(source, localDestination(destination));
    // Compat: what was followed has the name of the link, whatever it is called there.
    const name = { from: splitPath(path).name, to: plan.to };
    await localUntar(progress ? progress.count(archive) : archive, plan.directory, name);
  } finally {
    progress?.end(destination);
  }
}

/** Where a link in a container leads to, and the name that it keeps. */
async function followed(
  cli: Cli,
  { container, path }: { container: string; path: string },
): Promise<{ path: string; rebase: string }> {
  const stat = await cli.engine.files.stat(container, path).catch(() => undefined);
  if (!stat || !is(stat.mode, FILE_MODE.link)) return { path, rebase: '' };
  return rebased(path, fromParent(path, stat.linkTarget));
}

async function upload(
  cli: Cli,
  from: string,
  { container, path }: { container: string; path: string },
  { followLink, asUser, quiet }: Values,
): Promise<void> {
  const { files } = cli.engine;
  const destination = await remoteDestination(cli, container, path);
  const options = { noOverwriteDirNonDir: true, copyUIDGID: asUser };
  if (from === '-') {
    if (!destination.isDirectory) throw new Error(`destination "${container}:${path}" must be a directory`);
    await files.put(container, destination.path, inputFile('-'), options);
    return;
  }
  const source = localSource(localPath(from), followLink);
  const plan = planCopy(source, destination);
  const archive = localTar(source, plan.to);
  const progress = quiet ? undefined : new CopyProgress(cli.stderr, 'Copying to container - ');
  try {
    await files.put(container, plan.directory, progress ? progress.count(archive) : archive, options);
  } finally {
    progress?.end(`${container}:${destination.path}`);
  }
}

/** What is at a path of a container that something is to be copied to. Errors are the copy's to tell. */
async function remoteDestination(cli: Cli, container: string, path: string): Promise<CopyEnd> {
  const { files } = cli.engine;
  const nothing = { path, exists: false, isDirectory: false, rebase: '' };
  let stat = await files.stat(container, path).catch(() => undefined);
  if (!stat) return nothing;
  let target = path;
  if (is(stat.mode, FILE_MODE.link)) {
    target = fromParent(path, stat.linkTarget);
    stat = await files.stat(container, target).catch(() => undefined);
    if (!stat) return { ...nothing, path: target };
  }
  if (is(stat.mode, FILE_MODE.device)) {
    const place = `destination "${container}:${path}"`;
    throw new Error(`${place} must be a directory or a regular file: got a device`);
  }
  return { path: target, exists: true, isDirectory: is(stat.mode, FILE_MODE.directory), rebase: '' };
}

function fromParent(path: string, target: string): string {
  return target.startsWith('/') ? target : nodePath().posix.join(splitPath(path).directory, target);
}

function is(mode: number, bit: number): boolean {
  return Math.floor(mode / bit) % 2 === 1;
}
