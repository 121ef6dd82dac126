import { expect, test } from 'bun:test';
import { filter } from './filter.ts';

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('filter gives what a program makes of the source', async () => {
  expect(await textOf(filter(['tr', 'a-z', 'A-Z'], pieces('some ', 'words')))).toBe('SOME WORDS');
});

test('filter carries much more than a pipe holds', async () => {
  async function* much() {
    for (let n = 0; n < 64; n++) yield Buffer.alloc(1 << 16, n);
  }
  let size = 0;
  for await (const chunk of filter(['cat'], much())) size += chunk.length;
  expect(size).toBe(64 << 16);
});

test('filter tells of a program that fails, is missing, or of a source that does', async () => {
  await expect(textOf(filter(['sh', '-c', 'cat; echo why >&2; exit 3'], pieces('x')))).rejects.toMatchObject({
    exitCode: 3,
    stderr: 'why',
  });
  await expect(textOf(filter(['minke-no-such-program'], pieces('x')))).rejects.toMatchObject({
    code: 'ENOENT',
  });
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    throw new Error('connection reset');
  }
  await expect(textOf(filter(['cat'], broken()))).rejects.toThrow('connection reset');
});

test('a program that does not read to the end is judged by its exit code', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(1 << 16);
  }
  expect((await textOf(filter(['head', '-c', '10'], endless()))).length).toBe(10);
});

test('leaving the loop early ends the program', async () => {
  for await (const chunk of filter(['yes'], pieces())) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
});
