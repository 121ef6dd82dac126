import {
  type BoltEntry,
  BUCKET_HEADER,
  ELEMENT,
  fnv1a64,
  IS_BUCKET,
  MAGIC,
  META_BYTES,
  PAGE_FLAGS,
  PAGE_HEADER,
  VERSION,
} from './bolt-format.ts';

/** Deeper trees and buckets than these do not come from Docker. */
const MAX_DEPTH = 32;

/**
 * The entries of one bucket at the top of a bolt file, in the order of their keys; undefined if there is no such
 * bucket. Buckets within it are left out. Throws for a file that is damaged, whatever it holds: every offset is
 * checked before it is used.
 */
export function readBolt(file: Buffer, bucket: string): BoltEntry[] | undefined {
  if (file.length === 0) return undefined;
  const { pageSize, root } = readMeta(file);
  const pages = { file, pageSize };
  const wanted = Buffer.from(bucket);
  const found = leavesOf(pages, root, MAX_DEPTH).find(({ key, isBucket }) => isBucket && key.equals(wanted));
  if (!found) return undefined;
  if (found.value.length < BUCKET_HEADER) throw damaged('a bucket without a header');
  const at = Number(found.value.readBigUInt64LE(0));
  const leaves =
    at === 0 ? leavesOfPage(found.value.subarray(BUCKET_HEADER)) : leavesOf(pages, at, MAX_DEPTH);
  return leaves.filter(({ isBucket }) => !isBucket).map(({ key, value }) => ({ key, value }));
}

interface Pages {
  file: Buffer;
  pageSize: number;
}

interface Leaf extends BoltEntry {
  isBucket: boolean;
}

/** The younger of the two meta pages that are whole. Crash: bolt writes them in turn, so one always is. */
function readMeta(file: Buffer): { pageSize: number; root: number } {
  const first = metaAt(file, 0);
  // The first one says where the second is; where it is torn, the sizes that machines have are tried.
  const places = first ? [first.pageSize] : [4096, 8192, 16384, 65536];
  const metas = [first, ...places.map((at) => metaAt(file, at))].filter((meta) => meta !== undefined);
  const [latest] = metas.sort((a, b) => (a.txid < b.txid ? 1 : -1));
  if (!latest) throw damaged('no meta page');
  return latest;
}

function metaAt(file: Buffer, offset: number): { pageSize: number; root: number; txid: bigint } | undefined {
  const at = offset + PAGE_HEADER;
  if (file.length < at + META_BYTES + 8) return undefined;
  const isMeta = file.readUInt32LE(at) === MAGIC && file.readUInt32LE(at + 4) === VERSION;
  if (!isMeta) return undefined;
  const sum = file.readBigUInt64LE(at + META_BYTES);
  if (sum !== fnv1a64(file.subarray(at, at + META_BYTES))) return undefined;
  const pageSize = file.readUInt32LE(at + 8);
  if (pageSize < 512 || pageSize > 1 << 20) return undefined;
  return { pageSize, root: Number(file.readBigUInt64LE(at + 16)), txid: file.readBigUInt64LE(at + 48) };
}

function leavesOf(pages: Pages, pageId: number, depth: number): Leaf[] {
  if (depth === 0) throw damaged('too deep');
  const page = pageAt(pages, pageId);
  if ((page.readUInt16LE(8) & PAGE_FLAGS.branch) === 0) return leavesOfPage(page);
  const leaves: Leaf[] = [];
  for (let index = 0; index < page.readUInt16LE(10); index++) {
    const at = PAGE_HEADER + index * ELEMENT;
    if (at + ELEMENT > page.length) throw damaged('a page that ends early');
    for (const leaf of leavesOf(pages, Number(page.readBigUInt64LE(at + 8)), depth - 1)) {
      leaves.push(leaf);
      // A damaged file may lead to the same page again and again.
      if (leaves.length > pages.file.length / ELEMENT) throw damaged('more entries than fit');
    }
  }
  return leaves;
}

function pageAt({ file, pageSize }: Pages, pageId: number): Buffer {
  const start = pageId * pageSize;
  if (!Number.isSafeInteger(start) || start + PAGE_HEADER > file.length) throw damaged(`no page ${pageId}`);
  const overflow = file.readUInt32LE(start + 12);
  return file.subarray(start, start + (overflow + 1) * pageSize);
}

function leavesOfPage(page: Buffer): Leaf[] {
  if (page.length < PAGE_HEADER || (page.readUInt16LE(8) & PAGE_FLAGS.leaf) === 0)
    throw damaged('a page that is no leaf');
  return Array.from({ length: page.readUInt16LE(10) }, (_, index) => {
    const at = PAGE_HEADER + index * ELEMENT;
    if (at + ELEMENT > page.length) throw damaged('a page that ends early');
    const start = at + page.readUInt32LE(at + 4);
    const middle = start + page.readUInt32LE(at + 8);
    const end = middle + page.readUInt32LE(at + 12);
    if (end > page.length) throw damaged('an entry that ends early');
    return {
      key: page.subarray(start, middle),
      value: page.subarray(middle, end),
      isBucket: (page.readUInt32LE(at) & IS_BUCKET) !== 0,
    };
  });
}

function damaged(what: string): Error {
  return new Error(`not a bolt file, or a damaged one: ${what}`);
}
