import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Logger, messageOf } from '../../base/mod.ts';
import { type ChainId, type DiffId, type Digest, hexOf, isDigest } from '../../spec/digest.ts';
import { removeTree } from '../../sys/mod.ts';
import { type Layout, layerRecordPath } from '../layout.ts';
import type { Layer } from './layer-store.ts';
import { isCacheId, readOptional, removeLink } from './overlay-directory.ts';

/** File that says a layer is not known to be on the disk for good (design, "durable without waiting"). */
export const UNSYNCED = 'unsynced';

/** File that says a layer is of our making: if nobody needs it, it is garbage. */
export const OURS = 'minke';

/**
 * Begins the name of an empty file that repeats the cache id. Crash: after a power cut the content of a file that was
 * not synced may be gone or zero, and its name is not.
 */
const NAMED = 'minke.';

/** Our records under way in `layerdb/tmp`; others' are left alone. */
const INTENT = 'minke-';

/**
 * Writes the record of a layer whose directory is still in the staging area. Crash: the record is found under way and
 * `recover` undoes all it names. `place` is called between the intent and its completion.
 */
export function recordLayer(layout: Layout, layer: Layer, tarSplit: string, place: () => void): void {
  const intent = join(layout.layersTmp, `${INTENT}${layer.cacheId}`);
  mkdirSync(intent, { mode: 0o755 });
  writeFileSync(join(intent, 'cache-id'), layer.cacheId, { mode: 0o644 });
  writeFileSync(join(intent, 'diff'), layer.diffId, { mode: 0o644 });
  writeFileSync(join(intent, 'size'), String(layer.size), { mode: 0o644 });
  if (layer.parent) writeFileSync(join(intent, 'parent'), layer.parent, { mode: 0o644 });
  writeFileSync(join(intent, UNSYNCED), '', { mode: 0o644 });
  writeFileSync(join(intent, OURS), '', { mode: 0o644 });
  writeFileSync(join(intent, `${NAMED}${layer.cacheId}`), '', { mode: 0o644 });
  linkSync(tarSplit, join(intent, 'tar-split.json.gz'));
  place();
  const record = layerRecordPath(layout, layer.chainId);
  if (existsSync(record)) displace(layout, record);
  renameSync(intent, record);
}

/** A record that no layer could be read from is in the way: it goes, and what it names becomes garbage. */
function displace(layout: Layout, record: string): void {
  const cacheId = cacheIdOf(record);
  if (cacheId) discardDirectory(layout, cacheId);
  removeTree(record);
}

/** The directory that a record names, if it can still be told. */
function cacheIdOf(record: string): string | undefined {
  const content = readOptional(join(record, 'cache-id'))?.trim();
  if (isCacheId(content)) return content;
  const name = readdirSync(record).find((entry) => entry.startsWith(NAMED));
  return name?.slice(NAMED.length);
}

/** Takes the record away, so that the layer is gone; its directory is then removed by `finish`. */
export function unrecordLayer(layout: Layout, layer: Layer): { finish: () => void } {
  const intent = join(layout.layersTmp, `${INTENT}${layer.cacheId}`);
  renameSync(layerRecordPath(layout, layer.chainId), intent);
  return { finish: () => undo(layout, intent) };
}

/** Undoes what a crash left half made or half removed. */
export function recoverLayers(layout: Layout, log: Logger): void {
  for (const name of readdirSync(layout.layersTmp)) {
    if (!name.startsWith(INTENT)) continue;
    log.info('removing a layer that was not completed', { cacheId: name.slice(INTENT.length) });
    undo(layout, join(layout.layersTmp, name));
  }
  for (const name of readdirSync(layout.staging)) removeLink(layout, join(layout.staging, name));
}

/** Removes what is in the staging area now, but for what is kept; it may be much, so it is not waited for at start. */
export async function emptyStaging(layout: Layout, isKept: (name: string) => boolean): Promise<void> {
  let failure: unknown;
  for (const name of readdirSync(layout.staging).filter((each) => !isKept(each))) {
    await rm(join(layout.staging, name), { recursive: true, force: true }).catch((error: unknown) => {
      failure ??= error;
    });
  }
  if (failure !== undefined) throw failure;
}

/** Moves the layer's directory to the staging area, where it is garbage, and drops the intent. */
function undo(layout: Layout, intent: string): void {
  const cacheId = cacheIdOf(intent) ?? basename(intent).slice(INTENT.length);
  discardDirectory(layout, cacheId);
  rmSync(intent, { recursive: true, force: true });
}

/** Makes a directory of `overlay2/` garbage, atomically; gives its new place. Idempotent. */
export function discardDirectory(layout: Layout, cacheId: string): string {
  const path = join(layout.overlay, cacheId);
  const trash = join(layout.staging, `gone-${cacheId}`);
  removeLink(layout, path);
  try {
    renameSync(path, trash);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
  }
  return trash;
}

export interface LoadedLayer {
  layer: Layer;
  unsynced: boolean;
}

/** All layers that can be read, parents before children; what cannot is left on disk and reported. */
export function loadLayers(layout: Layout, log: Logger): LoadedLayer[] {
  const found = new Map<ChainId, LoadedLayer>();
  for (const hex of readdirSync(layout.layers)) {
    const chainId = `sha256:${hex}`;
    if (!isDigest(chainId)) continue;
    try {
      found.set(chainId as ChainId, loadLayer(layout, chainId as ChainId));
    } catch (error) {
      log.warn('layer skipped', { chainId, reason: messageOf(error) });
      // Crash: the machine went down before it was synced; nothing of it can be used.
      const record = layerRecordPath(layout, chainId as ChainId);
      if (existsSync(join(record, UNSYNCED))) displace(layout, record);
    }
  }
  const ordered = new Map<ChainId, LoadedLayer>();
  const visit = (loaded: LoadedLayer): boolean => {
    const chain: LoadedLayer[] = [];
    for (let at: LoadedLayer | undefined = loaded; at && !ordered.has(at.layer.chainId); ) {
      chain.push(at);
      if (!at.layer.parent) break;
      const parent: LoadedLayer | undefined = found.get(at.layer.parent);
      if (!parent || chain.length > found.size) return false;
      at = parent;
    }
    for (const item of chain.reverse()) ordered.set(item.layer.chainId, item);
    return true;
  };
  for (const loaded of found.values()) {
    if (!visit(loaded)) log.warn('layer skipped: its parent is missing', { chainId: loaded.layer.chainId });
  }
  return [...ordered.values()];
}

function loadLayer(layout: Layout, chainId: ChainId): LoadedLayer {
  const path = layerRecordPath(layout, chainId);
  const read = (name: string) => readOptional(join(path, name))?.trim();
  const cacheId = read('cache-id');
  const diffId = read('diff');
  const parent = read('parent');
  if (!isCacheId(cacheId)) throw new Error('no cache-id');
  if (!diffId || !isDigest(diffId)) throw new Error('no diff');
  if (parent !== undefined && !isDigest(parent)) throw new Error('bad parent');
  if (!existsSync(join(layout.overlay, cacheId, 'diff'))) throw new Error('its directory is missing');
  const size = Number(read('size') ?? 0);
  const layer: Layer = { chainId, diffId: diffId as DiffId, cacheId, size };
  if (parent) layer.parent = parent as ChainId;
  return { layer, unsynced: existsSync(join(path, UNSYNCED)) };
}

/** File name of a digest in Docker's directories by digest. */
export function digestFile(directory: string, digest: Digest): string {
  return join(directory, hexOf(digest));
}
