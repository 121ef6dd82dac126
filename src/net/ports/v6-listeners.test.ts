import { expect, test } from 'bun:test';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { silentLogger } from '../../base/mod.ts';
import { V6Listeners } from './v6-listeners.ts';

/** Listens at 127.0.0.1 and stands for a container. */
async function target(serve: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const targetPort = (server.address() as AddressInfo).port;
  return { targetPort, [Symbol.dispose]: () => server.close() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '::1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  // Why not: `for await` destroys the socket at the end.
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'end');
  return text;
}

test('a listener passes on both directions to their ends, also when one ends first', async () => {
  using container = await target(async (socket) => {
    const asked = await readAll(socket);
    socket.end(`heard ${asked.length}`);
  });
  const listeners = new V6Listeners(silentLogger);
  const hostPort = await freePort();
  await listeners.open('c', [
    { hostIp: '::1', hostPort, targetIp: '127.0.0.1', targetPort: container.targetPort },
  ]);
  const client = connect({ host: '::1', port: hostPort, allowHalfOpen: true });
  client.end('x'.repeat(1_000_000));
  expect(await readAll(client)).toBe('heard 1000000');
  listeners.close('c');
  const refused = connect({ host: '::1', port: hostPort });
  const [error] = await once(refused, 'error').catch((e: unknown) => [e]);
  expect((error as { code?: string }).code).toBe('ECONNREFUSED');
});

test('a client is let go when nobody listens behind, and when the container ends', async () => {
  const listeners = new V6Listeners(silentLogger);
  const hostPort = await freePort();
  const nobody = await freePort();
  await listeners.open('c', [{ hostIp: '::1', hostPort, targetIp: '127.0.0.1', targetPort: nobody }]);
  const client = connect({ host: '::1', port: hostPort });
  client.on('error', () => {});
  await once(client, 'close');
  listeners.close('c');
  using container = await target(() => {});
  await listeners.open('c', [
    { hostIp: '::1', hostPort, targetIp: '127.0.0.1', targetPort: container.targetPort },
  ]);
  const waiting = connect({ host: '::1', port: hostPort });
  waiting.on('error', () => {});
  await once(waiting, 'connect');
  await Bun.sleep(50);
  const gone = once(waiting, 'close');
  listeners.closeAll();
  await gone;
});
