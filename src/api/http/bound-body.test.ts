import { expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { boundBody } from './bound-body.ts';
import { frontConnection } from './front.ts';

const MB = 1 << 20;
const SIZE = 60 * MB;

test.each([
  ['chunked', ['-H', 'Transfer-Encoding: chunked']],
  ['with a length', []],
])('a client whose body is %s waits while nobody reads it, and all of it arrives', async (_how, flags) => {
  const folder = mkdtempSync(join(tmpdir(), 'body-'));
  const path = join(folder, 'sock');
  const begun = Promise.withResolvers<IncomingMessage>();
  const read = Promise.withResolvers<void>();
  const http = createServer(async (request, response) => {
    boundBody(request);
    begun.resolve(request);
    await read.promise;
    let length = 0;
    for await (const chunk of request) length += (chunk as Buffer).length;
    response.end(String(length));
  });
  const front = createSocketServer({ allowHalfOpen: true }, (socket) => frontConnection(socket, http));
  await new Promise<void>((resolve) => front.listen(path, resolve));
  try {
    const file = join(folder, 'body');
    writeFileSync(file, '');
    truncateSync(file, SIZE);
    const all = ['-s', '--unix-socket', path, ...flags, '-H', 'Expect:', '-T', file, 'http://x/'];
    const curl = spawn('curl', all, { stdio: ['ignore', 'pipe', 'inherit'] });
    const answer = new Promise<string>((resolve) => {
      curl.stdout.once('data', (text) => resolve(String(text)));
    });
    const request = await begun.promise;
    let before = -1;
    while (before !== request.readableLength) {
      before = request.readableLength;
      await sleep(100);
    }
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(MB);
    read.resolve();
    expect(await answer).toBe(String(SIZE));
  } finally {
    front.close();
    rmSync(folder, { recursive: true });
  }
});
