/**
 * The least that a pull of some layers can cost, a part at a time, on one core: `floor.ts PART FOLDER LAYER…`.
 * `inflate`: inflating; `inflate-hash`: that and both digests; `files`: writing the files, already unpacked.
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type TarEntry, TarReader } from '../src/spec/tar/mod.ts';
import { SyncZlib } from '../src/store/layers/stage/sync-zlib.ts';

const [part = '', folder = '', ...layers] = process.argv.slice(2);
const CHUNK = 256 * 1024;
const output = Buffer.alloc(CHUNK);

function inflate(bytes: Buffer, withDigests: boolean): () => void {
  return () => {
    const packed = createHash('sha256');
    const unpacked = createHash('sha256');
    const gunzip = new SyncZlib('gunzip', output);
    const onOutput = (piece: Buffer) => {
      if (withDigests) unpacked.update(piece);
    };
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const piece = bytes.subarray(at, at + CHUNK);
      if (withDigests) packed.update(piece);
      gunzip.write(piece, onOutput);
    }
    gunzip.end(onOutput);
    gunzip.close();
  };
}

function files(bytes: Buffer, into: string): () => void {
  const members: { entry: TarEntry; content: Buffer[] }[] = [];
  const reader = new TarReader({
    raw: () => {},
    entry: (entry) => void members.push({ entry, content: [] }),
    hole: () => {},
    content: (piece) => void members.at(-1)?.content.push(Buffer.from(piece)),
    endEntry: () => {},
  });
  reader.push(gunzipSync(bytes));
  return () => {
    mkdirSync(join(into, 'opt'), { recursive: true });
    for (const { entry, content } of members) {
      const path = join(into, entry.name);
      if (entry.type === '5') {
        mkdirSync(path, { recursive: true });
        continue;
      }
      const fd = openSync(path, 'w');
      for (const piece of content) writeSync(fd, piece);
      closeSync(fd);
    }
  };
}

const sum = { wall: 0, user: 0, kernel: 0 };
for (const [index, path] of layers.entries()) {
  const bytes = readFileSync(path);
  const work =
    part === 'files' ? files(bytes, join(folder, `${index}`)) : inflate(bytes, part === 'inflate-hash');
  const before = process.cpuUsage();
  const started = performance.now();
  work();
  const used = process.cpuUsage(before);
  sum.wall += (performance.now() - started) / 1000;
  sum.user += used.user / 1e6;
  sum.kernel += used.system / 1e6;
}
console.log(JSON.stringify(sum));
