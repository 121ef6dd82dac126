import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../layout.ts';

/** One directory under `overlay2/` as Docker's driver makes it: `diff`, `link`, and above a parent `lower`, `work`. */
export interface OverlayDirectory {
  cacheId: string;
  /** Name of its short link in `l/`. */
  link: string;
  /** Short links below it, `l/…`, the uppermost first. */
  lower: string[];
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A name for a short link. Compat: 26 characters of base32, as Docker's. */
export function newLinkName(): string {
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
  symlinkSync(join('..', cacheId, 'diff'), join(layout.links, link));
}

/** Reads a directory that is there. Throws ENOENT for one that is not. */
export function readDirectory(layout: Layout, cacheId: string): OverlayDirectory {
  const path = join(layout.overlay, cacheId);
  const link = readFileSync(join(path, 'link'), 'utf8');
  const lower = readOptional(join(path, 'lower'));
  return { cacheId, link, lower: lower ? lower.split(':') : [] };
}

/** Removes the short link of the directory at `path`, if it has one. Idempotent. */
export function removeLink(layout: Layout, path: string): void {
  const link = readOptional(join(path, 'link'));
  if (link && /^[A-Z2-7]{26}$/.test(link)) rmSync(join(layout.links, link), { force: true });
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
