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

/** The page size is in the file, so any machine reads it. */
const PAGE = 4096;
/** Two meta pages and the list of free ones. */
const FIRST_PAGE = 3;

/** What stands in a branch page for a page below. */
interface Child {
  key: Buffer;
  page: number;
}

/**
 * A whole bolt file with one bucket at its top. Written anew each time instead of page by page: what Docker keeps so
 * is small. Entries may come in any order; their keys must be distinct and not empty.
 */
export function writeBolt(bucket: string, entries: readonly BoltEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => Buffer.compare(a.key, b.key));
  const pages = new Pages();
  let level: Child[] = split(sorted, ({ key, value }) => key.length + value.length).map((part) => ({
    key: part[0]?.key ?? Buffer.alloc(0),
    page: pages.add(
      PAGE_FLAGS.leaf,
      part.map(({ key, value }) => leafElement(0, key, value)),
    ),
  }));
  while (level.length > 1) {
    level = split(level, ({ key }) => key.length).map((part) => ({
      key: part[0]?.key ?? Buffer.alloc(0),
      page: pages.add(PAGE_FLAGS.branch, part.map(branchElement)),
    }));
  }
  const header = Buffer.alloc(BUCKET_HEADER);
  header.writeBigUInt64LE(BigInt(level[0]?.page ?? 0), 0);
  const root = pages.add(PAGE_FLAGS.leaf, [leafElement(IS_BUCKET, Buffer.from(bucket), header)]);
  return Buffer.concat([
    metaPage(0, root, pages.next),
    metaPage(1, root, pages.next),
    page(2, PAGE_FLAGS.freelist, []),
    ...pages.all,
  ]);
}

/** Groups that fit into a page each; one that is too large for any is alone. At least one group. */
function split<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const groups: T[][] = [[]];
  let room = PAGE - PAGE_HEADER;
  for (const item of items) {
    const size = ELEMENT + sizeOf(item);
    if (size > room && groups.at(-1)?.length !== 0) {
      groups.push([]);
      room = PAGE - PAGE_HEADER;
    }
    groups.at(-1)?.push(item);
    room -= size;
  }
  return groups;
}

/** The pages after the first three, numbered as they are added. */
class Pages {
  readonly all: Buffer[] = [];
  next = FIRST_PAGE;

  add(flags: number, elements: Element[]): number {
    const id = this.next;
    const bytes = page(id, flags, elements);
    this.all.push(bytes);
    this.next += bytes.length / PAGE;
    return id;
  }
}

/** One element of a page: its head, in which the data's place is filled in, and the data. */
interface Element {
  head: Buffer;
  /** Where in the head `pos` stands. */
  posAt: number;
  data: Buffer;
}

function leafElement(flags: number, key: Buffer, value: Buffer): Element {
  const head = Buffer.alloc(ELEMENT);
  head.writeUInt32LE(flags, 0);
  head.writeUInt32LE(key.length, 8);
  head.writeUInt32LE(value.length, 12);
  return { head, posAt: 4, data: Buffer.concat([key, value]) };
}

function branchElement({ key, page: id }: Child): Element {
  const head = Buffer.alloc(ELEMENT);
  head.writeUInt32LE(key.length, 4);
  head.writeBigUInt64LE(BigInt(id), 8);
  return { head, posAt: 0, data: key };
}

function page(id: number, flags: number, elements: Element[]): Buffer {
  const size = PAGE_HEADER + elements.reduce((sum, { data }) => sum + ELEMENT + data.length, 0);
  const bytes = Buffer.alloc(Math.ceil(size / PAGE) * PAGE);
  bytes.writeBigUInt64LE(BigInt(id), 0);
  bytes.writeUInt16LE(flags, 8);
  bytes.writeUInt16LE(elements.length, 10);
  bytes.writeUInt32LE(bytes.length / PAGE - 1, 12);
  let at = PAGE_HEADER + elements.length * ELEMENT;
  for (const [index, { head, posAt, data }] of elements.entries()) {
    const headAt = PAGE_HEADER + index * ELEMENT;
    head.writeUInt32LE(at - headAt, posAt);
    head.copy(bytes, headAt);
    data.copy(bytes, at);
    at += data.length;
  }
  return bytes;
}

function metaPage(id: 0 | 1, root: number, pages: number): Buffer {
  const bytes = page(id, PAGE_FLAGS.meta, []);
  const meta = bytes.subarray(PAGE_HEADER);
  meta.writeUInt32LE(MAGIC, 0);
  meta.writeUInt32LE(VERSION, 4);
  meta.writeUInt32LE(PAGE, 8);
  meta.writeBigUInt64LE(BigInt(root), 16);
  meta.writeBigUInt64LE(2n, 32);
  meta.writeBigUInt64LE(BigInt(pages), 40);
  meta.writeBigUInt64LE(BigInt(id), 48);
  meta.writeBigUInt64LE(fnv1a64(meta.subarray(0, META_BYTES)), META_BYTES);
  return bytes;
}
