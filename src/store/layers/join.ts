import { closeSync, copyFileSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../base/mod.ts';
import {
  cString,
  O_CREATE_NEW,
  O_DIRECTORY,
  openAt,
  openAt2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  readXattrsFd,
} from '../../sys/mod.ts';
import { applyAttributes, readAttributes } from './attributes.ts';
import { isOpaque, MergedView } from './merged-view.ts';
import type { DeferredLink, StagedJoin } from './staged-record.ts';

const JOIN_FILE = 'join.json';
const QUICK_BYTES = 64 * 1024;
/** Looks into layers below. */
const QUICK_LOOKS = 256;

/**
 * Does what a staged layer needs its parent for: directories that it only implies take after the parent's (unpacked
 * alone, `tmp/x` would turn a 1777 `tmp` into a 755 one), and hard links into the parent become copies.
 * `below` are the parent's directories, the uppermost first.
 */
export function joinLayer(directory: string, below: readonly string[]): void {
  const record = readJoin(directory);
  if (below.length === 0 && record.links.length === 0) return;
  using view = new MergedView(below);
  const diff = openSync(join(directory, 'diff'), O_DIRECTORY);
  try {
    for (const { path, target } of record.links) copyLinked(diff, view, { path, target });
    for (const path of record.implied) takeAfter(diff, view, path);
  } finally {
    closeSync(diff);
  }
}

/** True if it takes a millisecond or two, and so may be done on the main thread. */
export function isQuickJoin(directory: string, layersBelow: number): boolean {
  if (statSync(join(directory, JOIN_FILE)).size > QUICK_BYTES) return false;
  const { implied, links } = readJoin(directory);
  return links.length === 0 && implied.length * layersBelow <= QUICK_LOOKS;
}

/** What a staged layer noted for its join. */
function readJoin(directory: string): StagedJoin {
  return JSON.parse(readFileSync(join(directory, JOIN_FILE), 'utf8')) as StagedJoin;
}

function takeAfter(diff: number, view: MergedView, path: string): void {
  using node = view.lookup(path);
  if (!node?.stat.isDirectory()) return;
  const fd = openInLayer(diff, path === '' ? '.' : path, O_DIRECTORY);
  if (fd < 0) return;
  try {
    if (!isOpaque(readXattrsFd(fd))) applyAttributes(fd, readAttributes(node.fd));
  } finally {
    closeSync(fd);
  }
}

function copyLinked(diff: number, view: MergedView, { path, target }: DeferredLink): void {
  using node = view.lookup(target);
  if (!node?.stat.isFile()) {
    throw new EngineError(
      'invalid',
      `failed to register layer: link /${target} /${path}: no such file or directory`,
    );
  }
  const slash = path.lastIndexOf('/');
  const parent = openInLayer(diff, slash < 0 ? '.' : path.slice(0, slash), O_DIRECTORY);
  if (parent < 0)
    throw new EngineError('invalid', `failed to register layer: link /${target} /${path}: no such parent`);
  try {
    const fd = openAt(parent, cString(path.slice(slash + 1), 'latin1'), O_CREATE_NEW, 0o600);
    if (fd < 0)
      throw new EngineError('invalid', 'failed to register layer: duplicates of file paths not supported');
    try {
      copyFileSync(`/proc/self/fd/${node.fd}`, `/proc/self/fd/${fd}`);
      applyAttributes(fd, readAttributes(node.fd));
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(parent);
  }
}

function openInLayer(diff: number, path: string, flags: number): number {
  return openAt2(diff, cString(path, 'latin1'), flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}
