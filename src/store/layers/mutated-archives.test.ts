/** Real archives with a few bytes altered: whatever comes of them, nothing outside the layer is touched. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EngineError } from '../../base/mod.ts';
import { nothingStaged, pieces, type TestStore, testStore } from '../testing.ts';

/** `npm run soak` has thousands. */
const RUNS = Number(process.env['MINKE_TEST_ROUNDS'] ?? 8) * 10;
const BLOCK = 512;

let folder: string;
const archives: Buffer[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mutated-'));
  execFileSync('sh', ['-c', TREE], { cwd: folder });
  for (const format of ['gnu', 'pax', 'ustar']) {
    const flags = format === 'pax' ? ['--xattrs', '--xattrs-include=*'] : [];
    const sparse = format === 'ustar' ? [] : ['--sparse', '--hole-detection=raw'];
    const all = [`--format=${format}`, ...flags, ...sparse, '-b1', '-C', 'tree', '-cf', '-', '.'];
    archives.push(execFileSync('tar', all, { cwd: folder, maxBuffer: 1 << 24 }));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const TREE = `
  mkdir -p tree/dir/sub tree/empty; cd tree
  echo one > file; ln file dir/hard; ln -s ../file dir/soft; ln -s ../../../../../.. dir/up
  mkfifo dir/fifo; mknod dir/null c 1 3; printf x > dir/.wh.gone; printf '' > dir/.wh..wh..opq
  truncate -s 90000 sparse; printf mid | dd of=sparse bs=1 seek=50000 conv=notrunc status=none
  seq 1 300 > dir/sub/text; chmod 4755 dir/sub/text; chown 70000:70000 dir/sub/text`;

/** Where a member's header, its extended header's data or its content may be, so most changes mean something. */
const change = fc.record({
  block: fc.nat(400),
  at: fc.oneof(fc.nat(BLOCK - 1), fc.constantFrom(0, 2, 100, 124, 135, 156, 157, 257, 345, 482, 483)),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('./0123457LKSxg'))),
  /** A header that does not add up is refused before it is read. */
  sum: fc.boolean(),
});
const kind = fc.constantFrom('change', 'change', 'change', 'cut', 'repeat', 'swap');

type Mutation = {
  which: number;
  kind: string;
  changes: (typeof change extends fc.Arbitrary<infer T> ? T : never)[];
};

function mutate({ which, kind: how, changes }: Mutation): Buffer {
  const bytes = Buffer.from(archives[which % archives.length] as Buffer);
  const blocks = bytes.length / BLOCK;
  const [first, second = first] = changes.map(({ block }) => (block % blocks) * BLOCK);
  const [from = 0, to = 0] = [first, second];
  if (how === 'cut') return bytes.subarray(0, from + (changes[0]?.at ?? 0));
  if (how === 'repeat') return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  if (how === 'swap') {
    const kept = Buffer.from(bytes.subarray(from, from + BLOCK));
    bytes.copyWithin(from, to, to + BLOCK);
    kept.copy(bytes, to);
    return bytes;
  }
  for (const { block, at, byte, sum } of changes) {
    const header = bytes.subarray((block % blocks) * BLOCK, (block % blocks) * BLOCK + BLOCK);
    header[at] = byte;
    if (!sum) continue;
    header.fill(' ', 148, 156);
    const total = header.reduce((all, value) => all + value, 0);
    header.write(`${total.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return bytes;
}

/** All that is beside the staging area, and a file that no archive may reach. */
function outside(at: TestStore): string {
  const canary = join(at.dataRoot, '../canary');
  const { ino, mtimeMs, mode, nlink } = statSync(canary);
  const names = [join(at.dataRoot, '..'), at.dataRoot, join(at.dataRoot, 'overlay2')].map((path) =>
    readdirSync(path),
  );
  return JSON.stringify([readFileSync(canary, 'utf8'), ino, mtimeMs, mode, nlink, names]);
}

function refusal(error: unknown): undefined {
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).code).toBe('invalid');
}

test('a mutated archive is refused in words, or comes back bit by bit', async () => {
  await using at = await testStore();
  const { layers } = at.store;
  writeFileSync(join(at.dataRoot, '../canary'), 'alive');
  const before = outside(at);
  const outcomes = { refused: 0, kept: 0 };
  const mutation = fc.record({
    which: fc.nat(2),
    kind,
    changes: fc.array(change, { minLength: 1, maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(mutation, async (how) => {
      const bytes = mutate(how);
      const staged = await layers.stage({ mediaType: '', source: pieces(bytes, 20_000) }).catch(refusal);
      // A hard link to what is nowhere is found when the layer gets its place.
      const layer = staged && (await layers.commit(staged, undefined).catch(refusal));
      if (!staged || !layer) outcomes.refused++;
      else {
        outcomes.kept++;
        expect(staged.diffId as string).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
        layers.retain(layer.chainId);
        const parts: Buffer[] = [];
        for await (const piece of layers.tars.read(layer.chainId)) parts.push(Buffer.from(piece));
        expect(Buffer.concat(parts).equals(bytes)).toBe(true);
        await layers.release(layer.chainId);
      }
      nothingStaged(at);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(outcomes.kept).toBeGreaterThan(0);
  await at.reopen();
  expect(outside(at)).toBe(before);
}, 600_000);
