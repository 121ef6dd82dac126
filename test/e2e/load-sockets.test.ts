import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { dockerArchive } from '../fixtures/archive.ts';
import { calm } from '../fixtures/chaos/calm.ts';
import { ENGINE } from '../fixtures/daemon.ts';
import { engine } from '../fixtures/engine.ts';
import { buildImage, imageId } from '../fixtures/image.ts';
import { until } from '../fixtures/machine.ts';
import { uniqueName } from '../fixtures/names.ts';
import { tar } from '../fixtures/tar.ts';

/** Large enough that their socket is read by who unpacks them. */
const LAYER_BYTES = 3_000_000;
const END = 1024;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

function fresh() {
  const name = uniqueName('sent');
  const layers = ['one', 'two'].map((each) =>
    tar([{ name: each, content: Buffer.alloc(LAYER_BYTES, `${name}${each}`) }]),
  );
  const image = buildImage({ layers, gzip: false });
  const archive = dockerArchive(image, layers, { tags: [`${name}:x`] });
  return { name, layers, id: imageId(image), archive };
}

/** In chunks whose sizes are taken in turn. */
function chunked(bytes: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const chunk = bytes.subarray(at, at + (sizes[n % sizes.length] ?? 1));
    at += chunk.length;
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** Sends a request as it stands; gives all of the answer. With `hangUp` nobody waits for one. */
async function send(head: string, body: Buffer, hangUp = false): Promise<string> {
  const { daemon } = await engine();
  const socket = connect(daemon.api.socket);
  const { promise, resolve } = Promise.withResolvers<void>();
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString();
    // Docker keeps the connection.
    if (/\r\n0\r\n\r\n$/.test(answer)) socket.end();
  });
  socket.on('close', () => resolve());
  socket.on('error', () => resolve());
  socket.write(`POST /v1.41/images/load?quiet=1 HTTP/1.1\r\nHost: docker\r\n${head}\r\n`);
  socket.write(body, () => {
    if (hangUp) socket.destroy();
  });
  await promise;
  return answer;
}

async function staged(): Promise<string[]> {
  const { daemon } = await engine();
  return readdirSync(join(daemon.dataRoot, ENGINE === 'minke' ? 'overlay2/.minke-staging' : 'tmp'));
}

describe('the body of docker load', () => {
  test.each([
    ['of a known length', (body: Buffer) => ({ head: `Content-Length: ${body.length}\r\n`, body })],
    ['in small chunks', (body: Buffer) => ({ head: CHUNKED, body: chunked(body, [1, 511, 4096, 40_000]) })],
    ['in chunks larger than all', (body: Buffer) => ({ head: CHUNKED, body: chunked(body, [1 << 30]) })],
    [
      'that waits for no 100-continue',
      (body: Buffer) => ({ head: `Expect: 100-continue\r\n${CHUNKED}`, body: chunked(body, [100_000]) }),
    ],
  ] as const)('%s is read to its end', async (_what, request) => {
    using _calm = await calm('bare sockets');
    const { docker } = await engine();
    const { id, name, archive } = fresh();
    const { head, body } = request(archive);
    expect(await send(head, body)).toContain(`Loaded image: ${name}:x`);
    expect(await docker.ok(['image', 'inspect', '-f', '{{.Id}}', `${name}:x`])).toBe(id);
    await docker.ok(['rmi', id]);
  });

  test('goes on behind a layer that is broken and that no image asks for', async () => {
    const { docker } = await engine();
    const { id, name, archive } = fresh();
    const whole = tar([{ name: 'x', content: Buffer.alloc(LAYER_BYTES, 'x') }]);
    const broken = Buffer.concat([whole.subarray(0, 1 << 20), Buffer.alloc(2 << 20, 'no header ')]);
    const first = tar([{ name: 'useless/layer.tar', content: broken }]).subarray(0, -END);
    const result = await docker.run(['load'], { input: Buffer.concat([first, archive]) });
    expect(result.stdout).toBe(`Loaded image: ${name}:x\n`);
    await docker.ok(['rmi', id]);
  });

  test('that ends in the middle of a layer leaves nothing, however it ends', async () => {
    using _calm = await calm('bare sockets');
    const before = await staged();
    const { archive } = fresh();
    const cut = archive.subarray(0, 2_000_000);
    expect(await send(CHUNKED, chunked(cut, [32_768]))).toContain('unexpected EOF');
    expect(await send(`Content-Length: ${cut.length}\r\n`, cut)).toContain('unexpected EOF');
    const malformed = Buffer.concat([chunked(cut, [32_768]).subarray(0, -5), Buffer.from('no size\r\n')]);
    expect(await send(CHUNKED, malformed)).not.toContain('Loaded');
    await send(CHUNKED, chunked(archive, [32_768]).subarray(0, 2_000_000), true);
    await until('nothing to be staged', async () => (await staged()).length === before.length);
  });
});
