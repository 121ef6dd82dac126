import { execFileSync } from 'node:child_process';
import type { Stats } from 'node:fs';
import { displayBytes, ENTRY_TYPES, type TarEntry, TarReader, type TarSink } from '../../spec/tar/mod.ts';
import { nodeFs, nodePath } from '../lazy-node.ts';

/**
 * Unpacks an archive into a folder of this machine; the first name `from` of its members becomes `to`. A directory does
 * not take the place of something else, nor the other way round; owners stay ours. What an archive leads through a link
 * of its own is refused. Compat: moby `archive.CopyTo`.
 */
export async function localUntar(
  archive: AsyncIterable<Uint8Array>,
  directory: string,
  name: { from: string; to: string },
): Promise<void> {
  const sink = new LocalSink(directory, name);
  try {
    const reader = new TarReader(sink);
    for await (const piece of archive) reader.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    reader.end();
    sink.finish();
  } finally {
    sink.close();
  }
}

class LocalSink implements TarSink {
  readonly #root: string;
  readonly #from: string;
  readonly #to: string;
  /** Links that this archive brought. */
  readonly #links = new Set<string>();
  readonly #folders: { path: string; entry: TarEntry }[] = [];
  #file: { fd: number; at: number; entry: TarEntry } | undefined;

  constructor(root: string, { from, to }: { from: string; to: string }) {
    this.#root = nodePath().resolve(root);
    this.#from = bytesOf(from === '/' ? '' : from);
    this.#to = bytesOf(to);
  }

  raw(): void {}

  entry(entry: TarEntry): void {
    const fs = nodeFs();
    const path = this.#pathOf(entry.name);
    this.#refuseLinks(path);
    const isDirectory = entry.type === ENTRY_TYPES.directory;
    const before = fs.lstatSync(at(path), { throwIfNoEntry: false });
    if (before) this.#replace(path, before, isDirectory);
    else fs.mkdirSync(at(nodePath().dirname(path)), { recursive: true });
    this.#make(entry, path, before?.isDirectory() === true);
  }

  content(bytes: Uint8Array): void {
    const file = this.#file;
    const { writeSync } = nodeFs();
    for (let done = 0; file && done < bytes.length; ) {
      const written = writeSync(file.fd, bytes, done, bytes.length - done, file.at);
      done += written;
      file.at += written;
    }
  }

  hole(length: number): void {
    if (!this.#file) return;
    this.#file.at += length;
    nodeFs().ftruncateSync(this.#file.fd, this.#file.at);
  }

  endEntry(): void {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    const { fchmodSync, futimesSync, closeSync } = nodeFs();
    fchmodSync(file.fd, file.entry.mode);
    futimesSync(file.fd, time(file.entry), time(file.entry));
    closeSync(file.fd);
  }

  /** Times of folders come last: what is made in them changes them. */
  finish(): void {
    for (const { path, entry } of this.#folders.reverse())
      nodeFs().utimesSync(at(path), time(entry), time(entry));
  }

  close(): void {
    if (this.#file) nodeFs().closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #pathOf(name: string): string {
    const { posix } = nodePath();
    const moved = this.#from === this.#to ? name : name.replace(this.#from, () => this.#to);
    const path = posix.join(bytesOf(this.#root), moved).replace(/(.)\/$/, '$1');
    if (isWithin(bytesOf(this.#root), path)) return path;
    throw new Error(`${shown(moved)} is outside of ${JSON.stringify(this.#root)}`);
  }

  #refuseLinks(path: string): void {
    for (let parent = nodePath().dirname(path); parent.length > 1; parent = nodePath().dirname(parent)) {
      if (this.#links.has(parent)) throw new Error(`${shown(path)} is behind a link of the same archive`);
    }
  }

  #replace(path: string, before: Stats, isDirectory: boolean): void {
    const place = JSON.stringify(this.#root);
    if (before.isDirectory() && !isDirectory)
      throw new Error(`cannot overwrite directory ${shown(path)} with non-directory ${place}`);
    if (!before.isDirectory() && isDirectory)
      throw new Error(`cannot overwrite non-directory ${shown(path)} with directory ${place}`);
    if (!isDirectory) nodeFs().rmSync(at(path));
  }

  #make(entry: TarEntry, path: string, isThere: boolean): void {
    const fs = nodeFs();
    switch (entry.type) {
      case ENTRY_TYPES.file:
      case '7':
        this.#file = { fd: fs.openSync(at(path), 'wx', 0o600), at: 0, entry };
        return;
      case ENTRY_TYPES.directory:
        if (!isThere) fs.mkdirSync(at(path));
        fs.chmodSync(at(path), entry.mode);
        this.#folders.push({ path, entry });
        return;
      case ENTRY_TYPES.hardLink: {
        const target = this.#pathOf(entry.linkName);
        this.#refuseLinks(target);
        fs.linkSync(at(target), at(path));
        return;
      }
      case ENTRY_TYPES.symlink: {
        const target = nodePath().posix.join(nodePath().dirname(path), entry.linkName);
        if (!isWithin(bytesOf(this.#root), target))
          throw new Error(`invalid symlink ${shown(path)} -> ${shown(entry.linkName)}`);
        fs.symlinkSync(at(entry.linkName), at(path));
        fs.lutimesSync(at(path), time(entry), time(entry));
        this.#links.add(path);
        return;
      }
      default:
        makeNode(entry, path);
    }
  }
}

/** FIFOs and devices: by mknod(1), which Node has no call for. */
function makeNode(entry: TarEntry, path: string): void {
  const kind = { 3: 'c', 4: 'b', 6: 'p' }[entry.type];
  if (kind === undefined) throw new Error(`unhandled tar header type ${entry.type.charCodeAt(0)}`);
  const numbers = kind === 'p' ? [] : [String(entry.deviceMajor), String(entry.deviceMinor)];
  const mode = (entry.mode & 0o7777).toString(8);
  execFileSync('mknod', ['-m', mode, '--', displayBytes(path as TarEntry['name']), kind, ...numbers], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  nodeFs().utimesSync(at(path), time(entry), time(entry));
}

function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root === '/' ? '/' : `${root}/`);
}

function time({ mtime }: TarEntry): number {
  return mtime.seconds + mtime.nanoseconds / 1e9;
}

/** Names are bytes, one a character. */
function at(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function shown(name: string): string {
  return JSON.stringify(displayBytes(name as TarEntry['name']));
}
