import { expect } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '../base/mod.ts';
import type { ChainId, DiffId, Digest } from '../spec/digest.ts';
import {
  type ByteString,
  END_OF_ARCHIVE,
  ENTRY_TYPES,
  encodeHeader,
  padding,
  type TarEntry,
  toByteString,
} from '../spec/tar/mod.ts';
import type { Layer } from './layers/layer-store.ts';
import { openStore, type Store } from './open-store.ts';

/** For tests of this room: archives made of a few words, and a store in a directory of its own. */
export type Member = { name: string; content?: string | Buffer; link?: string } & Partial<
  Omit<TarEntry, 'name' | 'size' | 'linkName' | 'xattrs'>
> & { xattrs?: Record<string, string> };

const TYPES_BY_HINT = (member: Member): string => {
  if (member.type !== undefined) return member.type;
  if (member.link !== undefined) return ENTRY_TYPES.symlink;
  return member.name.endsWith('/') ? ENTRY_TYPES.directory : ENTRY_TYPES.file;
};

/** The bytes of an archive with these members. */
export function tarOf(members: readonly Member[], options: { end?: boolean } = {}): Buffer {
  const parts: Uint8Array[] = [];
  for (const member of members) {
    const { name, content, link, xattrs, ...rest } = member;
    const data = Buffer.from(content ?? '');
    const type = TYPES_BY_HINT(member);
    const header = encodeHeader({
      mode: type === ENTRY_TYPES.directory ? 0o755 : 0o644,
      ...rest,
      name: toByteString(name),
      linkName: toByteString(link ?? ''),
      type,
      size: data.length,
      xattrs: Object.entries(xattrs ?? {}).map(([key, value]) => ({
        name: toByteString(key),
        value: value as ByteString,
      })),
    });
    parts.push(header, data, padding(data.length));
  }
  if (options.end !== false) parts.push(END_OF_ARCHIVE);
  return Buffer.concat(parts);
}

export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** A layer's blob, and what is known of it. */
export function blobOf(tar: Buffer, compress: (tar: Buffer) => Buffer = (bytes) => gzipSync(bytes)) {
  const blob = compress(tar);
  return { blob, digest: sha256(blob), diffId: sha256(tar) as DiffId, size: blob.length, mediaType: '' };
}

/** A source in pieces of `step` bytes. */
export async function* pieces(bytes: Buffer, step = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

export interface TestStore extends AsyncDisposable {
  store: Store;
  dataRoot: string;
  execRoot: string;
  /** Closes and opens the store, as a daemon that restarts; `reboot` loses the exec-root. */
  reopen(options?: { reboot?: boolean }): Promise<void>;
}

const BASE = '/tmp/minke/store-test';

export async function testStore(options: { maxLayerSize?: number } = {}): Promise<TestStore> {
  mkdirSync(BASE, { recursive: true });
  const directory = mkdtempSync(join(BASE, 's-'));
  const dataRoot = join(directory, 'data');
  const execRoot = join(directory, 'exec');
  const open = () => openStore({ dataRoot, execRoot, log: silentLogger, ...options });
  const made: TestStore = {
    store: await open(),
    dataRoot,
    execRoot,
    async reopen({ reboot = false } = {}) {
      await made.store.close();
      if (reboot) rmSync(execRoot, { recursive: true, force: true });
      made.store = await open();
    },
    async [Symbol.asyncDispose]() {
      await made.store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return made;
}

/** Stages and commits one layer. */
export async function add(at: TestStore, members: Member[], parent?: ChainId): Promise<Layer> {
  const { blob, ...known } = blobOf(tarOf(members));
  const staged = await at.store.layers.stage({ ...known, source: pieces(blob) });
  return await at.store.layers.commit(staged, parent);
}

/** Mounts a container above `parent`, runs `look` on its rootfs, and removes it. */
export async function mounted<T>(
  at: TestStore,
  parent: ChainId | undefined,
  look: (root: string) => T,
): Promise<T> {
  await at.store.layers.createMount('c1', parent, { ephemeral: true });
  try {
    return look(await at.store.layers.mount('c1'));
  } finally {
    await at.store.layers.removeMount('c1');
  }
}

/** Asserts that nothing is left in the staging area. */
export function nothingStaged(at: TestStore): void {
  expect(readdirSync(join(at.dataRoot, 'overlay2/.minke-staging'))).toEqual([]);
}
