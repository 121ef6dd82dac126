import { accessSync, closeSync, constants, fstatSync } from 'node:fs';
import { EngineError, errnoOf, isEngineError, messageOf } from '../../../base/mod.ts';
import { type ByteString, TarError, TarReader } from '../../../spec/tar/mod.ts';
import {
  assembleTree,
  type CallHandlers,
  followInRoot,
  nodeOf,
  openInRoot,
  Travelling,
} from '../../../sys/mod.ts';
import { SniffingDecompressor } from '../../layers/stage/decompress.ts';
import { cleanUserPath, locate, pathError } from './locate.ts';
import type { FoundPath, TreeCalls, UntarDestination } from './tree-calls.ts';
import { treeChanges } from './tree-changes.ts';
import { TreeUntar, type UntarOptions } from './tree-untar.ts';

interface Untar {
  sink: TreeUntar;
  reader: TarReader;
  inflate: SniffingDecompressor;
}

const untars = new Map<number, Untar>();
let window: Buffer | undefined;

/** How a worker thread makes the calls of `TreeCalls`. Throws EngineError. */
export const answerTreeCalls: CallHandlers<TreeCalls> = {
  assemble: assembleTree,
  locate: find,
  destination,
  untar: ({ untar, options }) => {
    begin(untar, options);
    return null;
  },
  pour: ({ untar, buffer, length }) => {
    pour(untar, Buffer.from(buffer, 0, length));
    return new Travelling({ buffer }, [buffer]);
  },
  untarred: ({ untar, whole }) => {
    end(untar, whole);
    return null;
  },
  changes: ({ upper, lower, ids }) => treeChanges(upper, lower, ids),
};

/** Gives up what is under way: the thread ends. */
export function abandonUntars(): void {
  for (const id of untars.keys()) end(id, false);
}

function find({ tree, path, keep }: TreeCalls['locate']['args']): FoundPath {
  const { handle, stat, isDirectory } = locate(tree, path);
  if (!keep) closeSync(handle);
  return { stat, isDirectory, handle: keep ? handle : undefined };
}

function destination({ tree, path }: TreeCalls['destination']['args']): UntarDestination {
  const clean = cleanUserPath(path);
  const handle = openInRoot(tree, clean);
  if (handle < 0) throw pathError('lstat', clean, -handle);
  try {
    return {
      path: followInRoot(tree, clean) as ByteString,
      isDirectory: fstatSync(handle).isDirectory(),
      isMounted: nodeOf(handle).mountId !== nodeOf(tree).mountId,
      isReadOnly: isReadOnly(handle),
    };
  } finally {
    closeSync(handle);
  }
}

function isReadOnly(handle: number): boolean {
  try {
    accessSync(`/proc/self/fd/${handle}`, constants.W_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EROFS';
  }
}

function begin(id: number, options: UntarOptions): void {
  window ??= Buffer.alloc(256 * 1024);
  const sink = new TreeUntar(options);
  untars.set(id, { sink, reader: new TarReader(sink), inflate: new SniffingDecompressor(window) });
}

function pour(id: number, bytes: Buffer): void {
  const untar = untars.get(id);
  if (!untar) throw new EngineError('internal', 'no archive is being unpacked');
  try {
    untar.inflate.write(bytes, (plain) => untar.reader.push(plain));
  } catch (error) {
    end(id, false);
    throw asEngineError(error);
  }
}

function end(id: number, whole: boolean): void {
  const untar = untars.get(id);
  if (!untar) return;
  untars.delete(id);
  try {
    if (!whole) return;
    untar.inflate.end((plain) => untar.reader.push(plain));
    untar.reader.end();
    untar.sink.finish();
  } catch (error) {
    throw asEngineError(error);
  } finally {
    untar.inflate.close();
    untar.sink[Symbol.dispose]();
  }
}

/** What is wrong with an archive is its sender's fault; what the disk says is not. */
function asEngineError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  const code = error instanceof TarError || errnoOf(error) === undefined ? 'invalid' : 'internal';
  return new EngineError(code, messageOf(error), { cause: error });
}
