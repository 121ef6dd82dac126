import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Layout } from '../layout.ts';

/** One directory under `overlay2/` as Docker's driver makes it: `diff`, `link`, and above a parent `lower`, `work`. */
export interface OverlayDirectory {
  cacheId: string;
  /** Name of its short link in `l/`. */
  link: string;
  /** Short links below it, `l/…`, the uppermost first. */
  lower: string[];
}

const CACHE_ID = /^\w[\w.-]*$/;
const LINK_NAME = /^[A-Z2-7]{26}$/;
const LOWER_LINK = /^l\/[A-Z2-7]{26}$/;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A name for a short link. Compat: 26 characters of base32, as Docker's. */
function newLinkName(): string {
  return [...randomBytes(26)].map((byte) => BASE32[byte & 31]).join('');
}

/**
 * Makes the directory at `path` (which may be a staging place) what Docker's driver expects of it, but for `diff`.
 * The short link is made by `publishLink`.
 */
export function completeDirectory(
  layout: Layout,
  path: string,
  cacheId: string,
  parent: OverlayDirectory | undefined,
): OverlayDirectory {
  const link = newLinkName();
  writeFileSync(join(path, 'link'), link, { mode: 0o644 });
  if (!parent) return { cacheId, link, lower: [] };
  const lower = [`l/${parent.link}`, ...parent.lower];
  mkdirSync(join(path, 'work'), { mode: 0o700 });
  writeFileSync(join(path, 'lower'), lower.join(':'), { mode: 0o644 });
  // Compat: Docker mounts a layer that has children read-only.
  writeFileSync(join(layout.overlay, parent.cacheId, 'committed'), '', { mode: 0o600 });
  return { cacheId, link, lower };
}

/** Makes the short link. Crash: one without a directory is harmless; the store removes it with the record. */
export function publishLink(layout: Layout, { link, cacheId }: OverlayDirectory): void {
  symlinkSync(linkTarget(cacheId), join(layout.links, link));
}

function linkTarget(cacheId: string): string {
  return join('..', cacheId, 'diff');
}

/**
 * Reads a directory that is there. Throws ENOENT for one that is not, and if a power cut took the content of its files:
 * they may be empty then, or as long as they were and zero.
 */
export function readDirectory(layout: Layout, cacheId: string): OverlayDirectory {
  const path = join(layout.overlay, cacheId);
  const link = readFileSync(join(path, 'link'), 'utf8');
  const lower = readOptional(join(path, 'lower'))?.split(':') ?? [];
  if (!LINK_NAME.test(link) || !lower.every((one) => LOWER_LINK.test(one)))
    throw new Error(`the links of ${cacheId} are damaged`);
  return { cacheId, link, lower };
}

/**
 * Makes all that Docker's driver keeps beside `diff` whole again: the short link, and `lower` as given. Idempotent; the
 * link is the same as before if its name can still be read.
 */
export function rebuildDirectory(
  layout: Layout,
  cacheId: string,
  lower: readonly string[],
): OverlayDirectory {
  const path = join(layout.overlay, cacheId);
  mkdirSync(join(path, 'diff'), { recursive: true, mode: 0o755 });
  if (lower.length > 0) {
    mkdirSync(join(path, 'work'), { recursive: true, mode: 0o700 });
    writeFileSync(join(path, 'lower'), lower.join(':'), { mode: 0o644 });
  }
  const known = readOptional(join(path, 'link'));
  const link = isLinkName(known) ? known : newLinkName();
  if (link !== known) {
    removeLinksTo(layout, cacheId);
    writeFileSync(join(path, 'link'), link, { mode: 0o644 });
  }
  const directory = { cacheId, link, lower: [...lower] };
  rmSync(join(layout.links, link), { force: true });
  publishLink(layout, directory);
  return directory;
}

/** True for what may be the name of a directory of `overlay2/`. */
export function isCacheId(text: string | undefined): text is string {
  return text !== undefined && CACHE_ID.test(text);
}

/** True for the name of a short link. */
function isLinkName(text: string | undefined): text is string {
  return text !== undefined && LINK_NAME.test(text);
}

/**
 * The directory of a layer, made whole first where it is not what its parent and its short link say: somebody's hand,
 * or a tool that copied a data-root without its links. `repaired` tells.
 */
export function checkedDirectory(
  layout: Layout,
  cacheId: string,
  parent: OverlayDirectory | undefined,
): { directory: OverlayDirectory; repaired: boolean } {
  const lower = parent ? [`l/${parent.link}`, ...parent.lower] : [];
  try {
    const directory = readDirectory(layout, cacheId);
    // Compat: a layer of BuildKit may stand on another directory with the same content.
    const isBelow =
      directory.lower.join() === lower.join() ||
      (directory.lower.length > 0 && directory.lower.every((one) => existsSync(join(layout.overlay, one))));
    const isLinked = readlinkSync(join(layout.links, directory.link)) === linkTarget(cacheId);
    if (isBelow && isLinked) return { directory, repaired: false };
  } catch {
    // Written anew.
  }
  return { directory: rebuildDirectory(layout, cacheId, lower), repaired: true };
}

/** Removes the short link of the directory at `path`, also while it is garbage in the staging area. Idempotent. */
export function removeLink(layout: Layout, path: string): void {
  const link = readOptional(join(path, 'link'));
  if (isLinkName(link)) rmSync(join(layout.links, link), { force: true });
  else if (link !== undefined) removeLinksTo(layout, basename(path).replace(/^gone-/, ''));
}

/** Crash: a directory whose `link` a power cut emptied does not tell which short link is its own. */
function removeLinksTo(layout: Layout, cacheId: string): void {
  for (const name of readdirSync(layout.links)) {
    const path = join(layout.links, name);
    if (readlinkSync(path) === linkTarget(cacheId)) rmSync(path, { force: true });
  }
}

/** The content of a file, undefined if there is none. */
export function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
