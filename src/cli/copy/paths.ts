import type { Stats } from 'node:fs';
import { nodeFs, nodePath } from '../lazy-node.ts';

/** One end of a copy. Compat: moby `archive.CopyInfo`. */
export interface CopyEnd {
  path: string;
  exists: boolean;
  isDirectory: boolean;
  /** The name that it goes by, where that of `path` is another one (a link that was followed). */
  rebase: string;
}

/** `CONTAINER:PATH`; a path that begins with `/` or `.` is one of this machine, whatever follows. */
export function splitArgument(text: string): { container: string; path: string } {
  const cut = text.indexOf(':');
  if (text.startsWith('/') || cut < 0 || text.startsWith('.')) return { container: '', path: text };
  return { container: text.slice(0, cut), path: text.slice(cut + 1) };
}

/** Absolute, and with the slash or the `/.` at its end that it had. */
export function localPath(path: string): string {
  return keepEnd(nodePath().resolve(path), path);
}

/** Compat: moby `PreserveTrailingDotOrSeparator`. */
function keepEnd(clean: string, original: string): string {
  let path = clean;
  if (base(path) !== '.' && base(original) === '.') path += path.endsWith('/') ? '.' : '/.';
  if (!path.endsWith('/') && original.endsWith('/')) path += '/';
  return path;
}

/** Directory and name of a path; a dot at its end is a name. Compat: moby `SplitPathDirEntry`. */
export function splitPath(path: string): { directory: string; name: string } {
  const clean = cleaned(path) + (base(path) === '.' ? '/.' : '');
  const slash = clean.lastIndexOf('/');
  const directory = slash < 0 ? '.' : cleaned(clean.slice(0, slash) || '/');
  return { directory, name: base(clean) };
}

/** Compat: moby `GetRebaseName`: what a path is called once it was resolved, and the name to give it back. */
export function rebased(path: string, resolved: string): { path: string; rebase: string } {
  let to = resolved;
  if (base(path) === '.' && base(to) !== '.') to += '/.';
  if (path.endsWith('/') && !to.endsWith('/')) to += '/';
  return { path: to, rebase: base(path) === base(to) ? '' : base(path) };
}

/** Spec: Go's `filepath.Clean`. */
export function cleaned(path: string): string {
  const clean = nodePath().posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** Spec: Go's `filepath.Base`. */
export function base(path: string): string {
  if (path === '') return '.';
  const bare = path.replace(/\/+$/, '');
  return bare === '' ? '/' : bare.slice(bare.lastIndexOf('/') + 1);
}

/** What is to be copied from this machine. Throws in Go's words if it is not there. Compat: `CopyInfoSourcePath`. */
export function localSource(path: string, followLink: boolean): CopyEnd {
  const { path: resolved, rebase } = followLink ? rebased(path, real(path)) : withRealParent(path);
  const stat = lookAt(resolved);
  return { path: resolved, exists: true, isDirectory: stat.isDirectory(), rebase };
}

/** Where to copy to; it need not be there, its directory must. Compat: moby `CopyInfoDestinationPath`. */
export function localDestination(original: string): CopyEnd {
  let path = original;
  let stat = tryLookAt(path);
  for (let links = 0; stat?.isSymbolicLink(); links++) {
    if (links > 10) throw new Error(`too many symlinks in ${original}`);
    const target = nodeFs().readlinkSync(path);
    path = target.startsWith('/') ? target : nodePath().join(splitPath(path).directory, target);
    stat = tryLookAt(path);
  }
  if (stat) return { path, exists: true, isDirectory: stat.isDirectory(), rebase: '' };
  const { directory } = splitPath(path);
  const parent = nodeFs().statSync(directory, { throwIfNoEntry: false });
  if (!parent) throw new Error(`stat ${directory}: no such file or directory`);
  if (!parent.isDirectory()) throw new Error('not a directory');
  return { path, exists: false, isDirectory: false, rebase: '' };
}

/** Throws unless something can be written there. Compat: docker/cli `ValidateOutputPath`. */
export function checkOutputPath(path: string): void {
  const directory = nodePath().dirname(cleaned(path));
  if (!nodeFs().existsSync(directory)) {
    throw new Error(`invalid output path: directory ${JSON.stringify(directory)} does not exist`);
  }
  const stat = nodeFs().statSync(path, { throwIfNoEntry: false });
  if (!stat?.isCharacterDevice() && !stat?.isBlockDevice()) return;
  const shown = JSON.stringify(path);
  throw new Error(`invalid output path: ${shown} must be a directory or a regular file: got a device`);
}

/** Where an archive of `source` is unpacked, and what its first name becomes. Compat: `PrepareArchiveCopy`. */
export function planCopy(
  source: CopyEnd,
  destination: CopyEnd,
): { directory: string; from: string; to: string } {
  const { directory, name: to } = splitPath(destination.path);
  const from = source.rebase || splitPath(source.path).name;
  if (destination.exists && destination.isDirectory) return { directory: destination.path, from, to: from };
  if (destination.exists && source.isDirectory) throw new Error('cannot copy directory');
  if (!destination.exists && !source.isDirectory && /(\/|(^|\/)\.)$/.test(destination.path)) {
    throw new Error('no such directory');
  }
  return { directory, from, to };
}

function withRealParent(path: string): { path: string; rebase: string } {
  const slash = path.lastIndexOf('/') + 1;
  const resolved = `${real(path.slice(0, slash) || '.')}/${path.slice(slash)}`;
  const rebase = path.endsWith('/') && base(path) !== base(resolved) ? base(path) : '';
  return { path: resolved, rebase };
}

function real(path: string): string {
  try {
    return nodeFs().realpathSync(path);
  } catch (error) {
    throw goError('lstat', path, error);
  }
}

function lookAt(path: string): Stats {
  try {
    return nodeFs().lstatSync(path);
  } catch (error) {
    throw goError('lstat', path, error);
  }
}

function tryLookAt(path: string): Stats | undefined {
  try {
    return nodeFs().lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw goError('lstat', path, error);
  }
}

function goError(call: string, path: string, error: unknown): Error {
  const code = (error as { code?: string }).code ?? '';
  return new Error(`${call} ${path}: ${WORDS[code] ?? code}`, { cause: error });
}

const WORDS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  ELOOP: 'too many links',
};
